// Jobs that wait for others to complete. A dependency counts as ended once its end is durable,
// never when it is decided: nothing starts because of what the database then refuses. A new job
// names its dependencies by id and is held until each is found: in memory, among the jobs that are
// being recorded, or in the database. Held jobs wait only for those held before them, so nothing
// waits in a circle, and a dependency that is not there yet is refused: dependencies have no
// circles.
#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "scheduler/engine/cell.h"

namespace dq {
namespace {

absl::Status DependencyMissing(const JobName& name) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DEPENDENCY_MISSING",
                   "there is no job '" + name.id +
                       "' to depend on; create it first, or before this one in the same call",
                   {{"job", name.id}, {"category", "configuration"}});
}

}  // namespace

struct Cell::HeldSubmit {
  JobRecord record;
  Submission submission;
  size_t next = 0;          // The dependency that is looked for.
  bool is_settled = false;  // Whether what was decided before is durable.
};

void Cell::HoldSubmit(JobRecord record, Submission submission) {
  record.key = next_key_++;
  if (!record.name.id.empty()) arriving_.try_emplace(record.name, Arrival{record.key, {}});
  FindDependencies(
      std::make_shared<HeldSubmit>(HeldSubmit{std::move(record), std::move(submission)}));
}

void Cell::FindDependencies(const Held& held) {
  JobRecord& record = held->record;
  while (held->next < record.dependencies.size()) {
    const JobName name = {record.name.project, record.dependencies[held->next].id};
    const LiveJob* const job = jobs_.Find(name);
    if (job == nullptr) return SeekDependency(held, name);
    TakeDependency(held, job->record.key, std::nullopt);
  }
  const JobName name = record.name;
  const JobKey key = record.key;
  InsertFound(std::move(record), std::move(held->submission));
  ReleaseArrived(name, key);
}

void Cell::TakeDependency(const Held& held, JobKey dependency, std::optional<JobState> ended) {
  JobDependency& found = held->record.dependencies[held->next++];
  found.job = dependency;
  if (ended) {
    found.state = *ended;
    dependencies_.AddEnded(held->record.key, dependency, *ended);
  } else {
    dependencies_.Add(held->record.key, dependency);
  }
}

void Cell::SeekDependency(const Held& held, const JobName& name) {
  const auto go_on = [this, held](const absl::Status& status) { GoOnSeeking(held, status); };
  const auto arrival = arriving_.find(name);
  if (arrival != arriving_.end() && arrival->second.key < held->record.key) {
    held->is_settled = false;  // That one is decided later.
    return arrival->second.waiting.push_back(go_on);
  }
  // It may be among the jobs that are being recorded.
  PendingBatch* const newest = writes_.Newest();
  if (newest != nullptr && !std::exchange(held->is_settled, true)) {
    return newest->reads.push_back(go_on);
  }
  WhenLoaded(name, [this, held, name](const absl::Status& status) {
    const auto ended = read_ended_.find(name);
    if (status.ok() && jobs_.Find(name) == nullptr) {
      if (ended == read_ended_.end()) return RefuseHeld(held, DependencyMissing(name));
      TakeDependency(held, ended->second.first, ended->second.second);
    }
    GoOnSeeking(held, status);
  });
}

void Cell::GoOnSeeking(const Held& held, const absl::Status& status) {
  if (!status.ok()) return RefuseHeld(held, status);
  if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return RefuseHeld(held, refusal);
  FindDependencies(held);
}

void Cell::RefuseHeld(const Held& held, const absl::Status& why) {
  dependencies_.Remove(held->record.key);
  held->submission.Fail(why);
  ReleaseArrived(held->record.name, held->record.key);
}

void Cell::ReleaseArrived(const JobName& name, JobKey key) {
  const auto arrival = arriving_.find(name);
  if (arrival == arriving_.end() || arrival->second.key != key) return;
  const bool is_first = arrived_.empty();
  std::ranges::move(arrival->second.waiting, std::back_inserter(arrived_));
  arriving_.erase(arrival);
  // One after the other, not one inside the other: a chain of them may be long.
  while (is_first && !arrived_.empty()) {
    const Release release = arrived_.front();
    release(absl::OkStatus());
    arrived_.pop_front();
  }
}

void Cell::Depend(const LiveJob& job, const std::vector<JobDependency>& recorded) {
  // Also of one that waits for something else: it may be paused and resumed before they have ended.
  const JobState state = job.record.status.state;
  if (state != JobState::kPending && state != JobState::kPaused) return;
  for (const JobDependency& dependency : recorded) {
    if (IsTerminal(dependency.state) && jobs_.Find(dependency.job) == nullptr) {
      dependencies_.AddEnded(job.record.key, dependency.job, dependency.state);
    } else {
      dependencies_.Add(job.record.key, dependency.job);
    }
  }
}

void Cell::SettleDependent(LiveJob& job) {
  JobStatus& status = job.record.status;
  const JobKey key = job.record.key;
  if (dependencies_.IsWaiting(key)) return;
  // A new leader may find none of one that waits for some: they were deleted.
  if (!dependencies_.Has(key) && status.wait_reason != WaitReason::kDependency) return;
  if (const auto failed = dependencies_.FailureOf(key)) return SkipDependent(job, *failed);
  if (status.wait_reason != WaitReason::kDependency) return;  // PAUSED, or waits for a time.
  if (job.record.rules.not_before <= now_.wall) {
    Apply(job, JobEvent::kReady, {});
    return;
  }
  // Recorded with the next transition; until then a new leader finds it out again.
  status.wait_reason = WaitReason::kNotBefore;
  status.wait_until = job.record.rules.not_before;
  StartWait(job);
  RecordChange(writes_.Find(job.last_batch), job, ChangeKind::kState);
}

void Cell::SkipDependent(LiveJob& job, const FailedDependency& failed) {
  const auto is_it = [&](const JobDependency& dependency) { return dependency.job == failed.job; };
  const auto& dependencies = job.record.dependencies;
  const std::string id = std::ranges::find_if(dependencies, is_it)->id;
  const std::string state(StateName(failed.state));
  JobFailure failure = {"DEPENDENCY_FAILED",
                        "Job " + id + ", on which it depends, ended as " + state +
                            ": retry that one, and this one once it is COMPLETED.",
                        {{"category", "processing"}, {"job", id}, {"state", state}}};
  Note note = {.reason = failure.reason, .message = failure.message};
  job.record.status.error = std::move(failure);
  Apply(job, JobEvent::kSkip, std::move(note));
}

void Cell::SettleDependentsOf(const std::vector<std::pair<JobKey, JobState>>& ended) {
  for (const auto& [key, state] : ended) {
    std::ranges::copy(dependencies_.Ended(key, state), std::back_inserter(decided_));
  }
  SettleDecided();
}

// One end may decide about any number of jobs, and everything else waits behind what is to be
// recorded: at most a batch of rows, then as many with each commit.
void Cell::SettleDecided() {
  while (!decided_.empty() && settled_rows_ < options_.commit_batch_rows_max) {
    const int64_t rows_before = writes_.rows_pending();
    const JobKey next = decided_.front();
    decided_.pop_front();
    // One that is being recorded is settled once it is there.
    if (LiveJob* const job = jobs_.Find(next)) SettleDependent(*job);
    settled_rows_ += writes_.rows_pending() - rows_before;
  }
}

}  // namespace dq
