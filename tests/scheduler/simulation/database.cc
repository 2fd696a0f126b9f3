#include "tests/scheduler/simulation/database.h"

namespace dq::sim {

absl::Status Database::Broken() {
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "The connection broke.");
}

Database::Fate Database::Draw() {
  Fate fate;
  fate.arrives = time_.Between(absl::Microseconds(100), longest_);
  fate.told = fate.arrives + time_.Between(absl::Microseconds(100), longest_);
  if (break_one_in_ == 0 || !time_.OneIn(break_one_in_)) return fate;
  fate.answer_lost = true;
  fate.carried_out = time_.OneIn(2);
  // What is on its way to the database may be carried out long after its sender gave up.
  if (time_.OneIn(3)) fate.arrives += time_.Between(absl::ZeroDuration(), absl::Seconds(8));
  return fate;
}

void Database::Commit(Process& caller, std::shared_ptr<const WriteBatch> batch,
                      std::function<void(absl::StatusOr<BatchResult>)> done) {
  Ask<absl::StatusOr<BatchResult>>(
      caller,
      [this, batch](FakeStore& store) {
        absl::StatusOr<BatchResult> result = store.Commit(*batch);
        history_.Committed(*batch, result);
        return result;
      },
      std::move(done));
}

void Database::Acquire(Process& caller, const std::string& instance, absl::Duration ttl,
                       std::function<void(absl::StatusOr<Leadership>)> done) {
  Ask<absl::StatusOr<Leadership>>(
      caller,
      [this, instance, ttl](FakeStore& store) {
        absl::StatusOr<Leadership> won = store.AcquireLeadership(instance, instance, ttl);
        if (won.ok()) history_.Elected(won->epoch);
        return won;
      },
      std::move(done));
}

void Database::Delete(Process& caller, const JobName& name, const DeletionOrder& order,
                      std::function<void(absl::StatusOr<JobDeletions>)> done) {
  Ask<absl::StatusOr<JobDeletions>>(
      caller,
      [this, name, order](FakeStore& store) {
        const bool was_there = store.GetJob(name).ok();
        absl::StatusOr<JobDeletions> deletions = store.DeleteJobs({{name}}, order);
        if (was_there && !store.GetJob(name).ok()) history_.Deleted(name, order.epoch);
        return deletions;
      },
      std::move(done));
}

}  // namespace dq::sim
