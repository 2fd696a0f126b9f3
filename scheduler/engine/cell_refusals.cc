// Rows that the database refused for their data: memory is made to hold what is recorded instead,
// and nobody is told what is not so.
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "scheduler/core/refused_change.h"
#include "scheduler/engine/cell.h"

namespace dq {

absl::Status Cell::CheckRefused(const BatchResult& result) {
  for (const RefusedJob& refused : result.refused) {
    const LiveJob* const job = jobs_.Find(refused.key);
    const bool rests_on_it = job == nullptr || job->last_batch > writes_.OldestSequence();
    if (rests_on_it || !CanTakeBack(*job, refused.recorded)) {
      return MakeError(absl::StatusCode::kAborted, "FENCED",
                       "what was decided since rests on a change that the database refused");
    }
  }
  return absl::OkStatus();
}

bool Cell::CanTakeBack(const LiveJob& job, const JobRecord& recorded) {
  const JobStatus& decided = job.record.status;
  const JobStatus& held = recorded.status;
  if (!IsLeased(decided.state)) return !IsLeased(held.state);
  return IsLeased(held.state) && held.attempt == decided.attempt;
}

void Cell::TakeBackAll(PendingBatch& batch, std::vector<RefusedJob> refused) {
  if (refused.empty()) return;
  for (RefusedJob& job : refused) TakeBack(batch, std::move(job));
  // What was read shows what is not so, and nobody has kept of which job.
  RefuseReads();
  for (const Release& read : std::exchange(batch.reads, {})) read(DatabaseAway());
}

void Cell::TakeBack(PendingBatch& batch, RefusedJob refused) {
  LiveJob& job = *jobs_.Find(refused.key);
  Log(LogLevel::kWarning, "change refused",
      {{"job", job.record.name.id}, {"message", MessageOf(refused.why)}});
  std::erase_if(batch.changes,
                [&](const DraftChange& change) { return change.job == refused.key; });
  std::vector<Release> asked;
  std::erase_if(batch.releases, [&](JobRelease& release) {
    if (release.job != refused.key) return false;
    asked.push_back(std::move(release.release));
    return true;
  });
  CountRefused(batch, job, refused);
  Restore(job, std::move(refused.recorded), batch.rows->sequence);
  if (job.last_batch == batch.rows->sequence) {
    JobUpdate& row = WriteQueue::RowOf(batch, job);
    row.status = job.record.status;
    row.result.reset();
  }
  RecordChange(nullptr, job, ChangeKind::kState);
  for (const Release& release : asked) release(refused.why);
  if (IsLeased(job.record.status.state)) {
    EndRefused(batch, job, refused.why, !asked.empty());
  } else {
    SettleDependent(job);
  }
}

void Cell::CountRefused(PendingBatch& batch, const LiveJob& job, const RefusedJob& refused) {
  if (job.last_batch != batch.rows->sequence) return;
  const JobStatus& recorded = refused.recorded.status;
  const bool ended_instead = recorded.version >= WriteQueue::RowOf(batch, job).events[0].sequence;
  // A failure was counted when it was decided.
  const bool is_charged = recorded.charges > job.record.status.charges;
  if (ended_instead && is_charged) metrics_.AttemptFailed(RefusedResult(refused.why).reason);
}

void Cell::Restore(LiveJob& job, JobRecord recorded, int64_t refused_batch) {
  JobStatus& status = job.record.status;
  const JobState to = recorded.status.state;
  LeaveState(job, to);
  --counts_[status.state];
  ++counts_[to];
  status = std::move(recorded.status);
  job.record.result = std::move(recorded.result);
  job.row_attempt = status.attempt;
  job.row_token = status.lease_token;
  // A newer checkpoint of an attempt that goes on is no part of what was refused.
  if (!IsLeased(to) || job.checkpoint_batch == refused_batch) {
    job.record.checkpoint = std::move(recorded.checkpoint);
    job.checkpoint_unsaved = false;
    job.checkpoint_recorded = job.record.checkpoint != nullptr;
  }
  if (IsLeased(to) || IsTerminal(to)) return;
  if (!dependencies_.Has(job.record.key)) Depend(job, recorded.dependencies);
  EnterState(job);
}

void Cell::EndRefused(PendingBatch& batch, LiveJob& job, const absl::Status& why, bool was_asked) {
  const LeaseId lease = LeaseOf(job);
  for (TurnDraft& draft : batch.turns) {
    std::erase_if(draft.turn.revoked, [&](const auto& order) { return order.lease == lease; });
  }
  // What a person asked for is undone, and the attempt goes on. A checkpoint would come again.
  if (was_asked) return;
  const WorkerId id = leases_.Find(job.record.key)->worker;
  PendingBatch& next = EndAttempt(job, AttemptEnd::kFailedForGood, RefusedResult(why), {});
  // One whose stream has closed is forgotten with its last lease.
  const Worker* const worker = workers_.Find(id);
  if (worker == nullptr || worker->session == 0) return;
  next.TurnFor(id, worker->session).revoked.push_back({lease, RevokeReason::kLost});
}

}  // namespace dq
