// Jobs that do not get on: who they are, and what an operator has done to them.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "scheduler/engine/cell.h"

namespace dq {
namespace {

absl::Status JobChanged(const JobName& name) {
  return MakeError(absl::StatusCode::kAborted, "JOB_CHANGED",
                   "the job has changed since you saw it; look at it again", {{"job", name.id}});
}

absl::Status NotRunning(const JobRecord& job) {
  const std::string state(StateName(job.status.state));
  return MakeError(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                   "the job is " + state + ": no attempt of it runs that could be ended",
                   {{"job", job.name.id}, {"state", state}});
}

AttemptEnd AttemptEndOf(RecoverAction action) {
  switch (action) {
    case RecoverAction::kRelease:
      return AttemptEnd::kReleased;
    case RecoverAction::kRetry:
      return AttemptEnd::kFailedRetryable;
    case RecoverAction::kFail:
      return AttemptEnd::kFailedForGood;
  }
  return AttemptEnd::kReleased;
}

JobFailure Recovered(const Recovery& recovery) {
  const std::string why = recovery.reason.empty() ? "." : ": " + recovery.reason;
  return {
      "RECOVERED", "It did not get on, and an operator ended it" + why, {{"category", "system"}}};
}

}  // namespace

StuckFacts Cell::FactsOf(const LiveJob& job, bool has_worker) const {
  const JobState state = job.record.status.state;
  const bool is_queued = state == JobState::kQueued;
  return {.state = state,
          .no_progress_for = now_.boot - job.progressed,
          .in_state_for = is_queued ? now_.wall - job.queued_since : now_.boot - job.in_state_since,
          .has_worker = has_worker};
}

StuckView Cell::ViewOf(const LiveJob& job, StuckDiagnosis diagnosis) const {
  StuckView view;
  view.key = job.record.key;
  view.diagnosis = diagnosis;
  view.job = *MakeView(job);
  if (const Lease* const lease = leases_.Find(job.record.key)) {
    view.worker_connected = workers_.Get(lease->worker).session != 0;
    view.lease_age = now_.boot - job.granted;
    view.no_progress_for = now_.boot - job.progressed;
  } else {
    view.waiting_for = now_.wall - job.queued_since;
  }
  return view;
}

absl::StatusOr<StuckList> Cell::ListStuck(const Instant& now, const StuckQuery& query) {
  now_ = now;
  if (!IsLeading()) return refusal_;
  StuckList list;
  std::vector<std::pair<JobKey, StuckDiagnosis>> found;
  absl::flat_hash_set<JobName> names(query.names.begin(), query.names.end());
  const auto judge = [&](const LiveJob& job, bool has_worker) {
    if (!query.project.empty() && job.record.name.project != query.project) return;
    if (!names.empty() && !names.contains(job.record.name)) return;
    const auto diagnosis = Diagnose(FactsOf(job, has_worker), query.limits);
    if (!diagnosis || (query.diagnosis && diagnosis != query.diagnosis)) return;
    ++list.total;
    if (job.record.key > query.after) found.emplace_back(job.record.key, *diagnosis);
  };
  for (const JobKey key : leases_.Jobs()) judge(*jobs_.Find(key), /*has_worker=*/true);
  const auto is_meant = [&](GroupId project, DemandId demand) {
    const bool is_asked =
        !query.only_running &&
        query.diagnosis.value_or(StuckDiagnosis::kNoWorker) == StuckDiagnosis::kNoWorker;
    if (!is_asked) return false;
    const bool fits = query.project.empty() || groups_.NameOf(project) == query.project;
    return fits && !workers_.AnyServes(demand);
  };
  list.unlisted = ready_.LookAtPresent(
      is_meant, [&](JobKey key) { judge(*jobs_.Find(key), /*has_worker=*/false); });
  const auto end = found.begin() + std::min(std::ssize(found), static_cast<ptrdiff_t>(query.limit));
  std::ranges::partial_sort(found, end);
  found.erase(end, found.end());
  for (const auto& [key, diagnosis] : found) {
    list.jobs.push_back(ViewOf(*jobs_.Find(key), diagnosis));
  }
  return list;
}

void Cell::Recover(const Instant& now, const JobName& name, const Recovery& recovery,
                   ViewDone done) {
  now_ = now;
  Steer(name, done, [this, recovery, done](LiveJob& job) {
    if (job.record.status.version != recovery.version) return done(JobChanged(job.record.name));
    const bool runs = IsLeased(job.record.status.state);
    const bool waits = job.record.status.state == JobState::kPending ||
                       job.record.status.state == JobState::kQueued;
    if (!runs && (!waits || recovery.action != RecoverAction::kFail)) {
      return done(NotRunning(job.record));
    }
    EndStuck(job, recovery);
    AnswerWhenDurable(job, done);
  });
}

void Cell::EndStuck(LiveJob& job, const Recovery& recovery) {
  if (!IsLeased(job.record.status.state)) {
    return FailWaiting(job, Recovered(recovery), "An operator ends it.", recovery.actor);
  }
  const WorkerId worker = leases_.Find(job.record.key)->worker;
  leases_.Remove(job.record.key);
  TakeFromWorker(worker, job, AttemptEndOf(recovery.action), Recovered(recovery),
                 {.actor = recovery.actor, .message = recovery.reason}, RevokeReason::kLost);
}

}  // namespace dq
