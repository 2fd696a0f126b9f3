#include "tests/scheduler/simulation/client.h"

#include <utility>

#include "tests/scheduler/simulation/errands.h"

namespace dq::sim {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(3);
constexpr size_t kNamesMax = 24;

}  // namespace

Client::Client(Timeline& time, std::vector<Replica*> replicas, Witness& witness,
               const History& history, const std::string& name)
    : process_(time, name), replicas_(std::move(replicas)), witness_(witness), history_(history) {}

void Client::Start(int calls) {
  calls_left_ = calls;
  Next();
}

void Client::Next() {
  Timeline& time = process_.time();
  const absl::Duration rest = calls_left_ > 0 ? absl::Seconds(4) : absl::Seconds(2);
  process_.Later(time.Between(absl::ZeroDuration(), rest), [this] {
    if (calls_left_ == 0) return resumes_ ? ResumeOne() : Next();
    --calls_left_;
    call_ = Draw();
    Ask();
  });
}

// Looks for a job that waits for a person; there may be none.
void Client::ResumeOne() {
  for (const auto& [id, job] : history_.jobs()) {
    const bool waits = IsHeld(job.row) && job.row.status.state == JobState::kPending;
    if (!waits && job.row.status.state != JobState::kPaused) continue;
    call_ = Steer(job.row.name, waits ? 5 : 2);
    return Ask();
  }
  Next();
}

JobName Client::AnyJob() {
  return {"default", "job-" + std::to_string(process_.time().Pick(kNamesMax))};
}

JobName Client::AnyRecorded(const std::function<bool(const JobRecord&)>& is_wanted) {
  std::vector<JobName> names;
  for (const auto& [id, job] : history_.jobs()) {
    if (is_wanted(job.row)) names.push_back(job.row.name);
  }
  return names.empty() ? AnyJob() : names[process_.time().Pick(names.size())];
}

Client::Call Client::Draw() {
  const size_t kind = process_.time().Pick(13);
  if (kind < 6) return DrawSubmit();
  if (kind == 12) {
    // A request is remembered for as long as its job: what is being made must not go meanwhile.
    const auto has_ended = [](const JobRecord& job) {
      return IsTerminal(job.status.state) && job.created_by != kErrandsActor;
    };
    return DeleteOne(process_.time().OneIn(4) ? AnyJob() : AnyRecorded(has_ended));
  }
  const auto depends = [](const JobRecord& job) {
    return !job.dependencies.empty() && job.status.state != JobState::kCompleted;
  };
  return Steer(process_.time().OneIn(3) ? AnyRecorded(depends) : AnyJob(), kind % 6);
}

Client::Call Client::DrawSubmit() {
  Timeline& time = process_.time();
  JobRecord job;
  job.name = AnyJob();
  if (time.OneIn(4)) job.name.id.clear();  // The scheduler is to find one.
  job.request_id = "request-" + process_.name() + "-" + std::to_string(++submitted_);
  job.request_hash = "hash";
  job.created_by = process_.name();
  job.payload.grant = "work of " + job.request_id;
  if (time.OneIn(20)) job.display_name = kUnrecordable;
  if (time.OneIn(15)) {
    job.is_held = true;
    job.payload.grant = kHeldWork;
  }
  job.rules.stages = {"noop"};
  job.rules.priority = static_cast<int32_t>(time.Pick(3));
  job.rules.max_attempts = 1 + static_cast<int32_t>(time.Pick(5));
  job.rules.backoff = time.Between(absl::ZeroDuration(), absl::Seconds(2));
  if (time.OneIn(3)) job.rules.backoff = time.Between(absl::ZeroDuration(), absl::Milliseconds(30));
  if (time.OneIn(5)) job.rules.execution_timeout = absl::Seconds(8);
  if (time.OneIn(8)) job.rules.no_progress_timeout = absl::Seconds(6);
  if (time.OneIn(8)) job.rules.start_deadline = time.Now() + absl::Seconds(5);
  if (time.OneIn(6)) job.rules.not_before = time.Now() + absl::Seconds(2);
  if (time.OneIn(4)) {
    const auto lives = [](const JobRecord& other) { return !IsTerminal(other.status.state); };
    job.dependencies.push_back({.id = AnyRecorded(lives).id});
    const std::string other = AnyJob().id;
    if (time.OneIn(2) && other != job.dependencies[0].id) job.dependencies.push_back({.id = other});
  }
  if (time.OneIn(3)) {
    job.rules.concurrency_key = "key" + std::to_string(time.Pick(2));
    job.rules.concurrency_max = 1;
  }
  return [this, job](Replica& replica, const Reply& reply) {
    replica.Do([&](Cell& cell, const Instant& now) {
      cell.Submit(now, job,
                  [this, reply, id = job.request_id](absl::StatusOr<SubmitResult> result) {
                    if (result.ok()) witness_.Acknowledged(id, *result);
                    if (ReasonOf(result.status()) == "ROW_REFUSED") witness_.Refused(id);
                    reply(result.status());
                  });
    });
  };
}

Client::Call Client::Steer(const JobName& name, size_t kind) {
  const std::string& me = process_.name();
  const std::string reason = process_.time().OneIn(15) ? kUnrecordable : "";
  return [this, name, kind, me, reason](Replica& replica, const Reply& reply) {
    const auto told = [this, kind, reply](const absl::StatusOr<JobView>& view) {
      if (view.ok()) kind == 0 ? witness_.Cancelled(*view) : witness_.Told(*view);
      reply(view.status());
    };
    if (kind == 3) return replica.Reopen(name, me, told);
    replica.Do([&](Cell& cell, const Instant& now) {
      if (kind == 0) return cell.Cancel(now, name, reason, me, told);
      if (kind == 1) return cell.Pause(now, name, reason, me, told);
      if (kind == 2) return cell.Resume(now, name, calm_ ? "" : reason, me, told);
      if (kind == 5) {
        return cell.Skip(now, name, {"NOT_WANTED", calm_ ? "" : reason, {}}, me, told);
      }
      cell.GetLiveJobs(now, "default", {}, [this, reply](absl::StatusOr<std::vector<JobView>> all) {
        for (const JobView& view : all.ok() ? *all : std::vector<JobView>()) witness_.Told(view);
        reply(all.status());
      });
    });
  };
}

Client::Call Client::DeleteOne(const JobName& name) {
  return [name](Replica& replica, const Reply& reply) { replica.Delete(name, reply); };
}

void Client::Ask() {
  Timeline& time = process_.time();
  waits_ = true;
  const int64_t number = ++number_;
  Replica& replica = *replicas_[replica_];
  if (replica.process().IsAlive()) {
    if (calm_ || !time.OneIn(15)) Deliver(replica, absl::ZeroDuration());
    // A copy that is long on its way.
    if (!calm_ && time.OneIn(15))
      Deliver(replica, time.Between(absl::ZeroDuration(), absl::Seconds(9)));
  }
  process_.Later(kTimeout, [this, number] { AskAgain(number); });
}

void Client::Deliver(Replica& replica, absl::Duration late) {
  Timeline& time = process_.time();
  const auto way = [&time] { return time.Between(absl::Microseconds(50), absl::Milliseconds(5)); };
  const bool answer_lost = !calm_ && time.OneIn(15);
  const Reply reply = [this, way, answer_lost, number = number_](const absl::Status& status) {
    if (answer_lost) return;
    process_.Later(way(), [this, number, status] { Answered(number, status); });
  };
  replica.process().Later(late + way(), [&replica, reply, call = call_] { call(replica, reply); });
}

void Client::Answered(int64_t number, const absl::Status& status) {
  if (number != number_ || !waits_) return;
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    process_.Later(process_.time().Between(absl::Milliseconds(50), absl::Milliseconds(400)),
                   [this, number] { AskAgain(number); });
    return;
  }
  waits_ = false;
  Next();
}

void Client::AskAgain(int64_t number) {
  if (number != number_ || !waits_) return;
  replica_ = (replica_ + 1) % replicas_.size();
  Ask();
}

}  // namespace dq::sim
