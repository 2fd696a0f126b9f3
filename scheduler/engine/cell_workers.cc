// Worker sessions: hello, reports, turns.
#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "scheduler/engine/cell.h"

namespace dq {
namespace {

constexpr absl::Duration kProgressIntervalMin = absl::Milliseconds(250);

// Never lets a worker that miscounts make progress go back.
JobProgress Advanced(const JobProgress& before, JobProgress reported) {
  reported.percent = std::max(before.percent, reported.percent);
  return reported;
}

// Whether the attempt has got further.
bool IsFurther(const JobProgress& before, const JobProgress& now) {
  return now.percent != before.percent || now.stage_index != before.stage_index ||
         now.rows_done != before.rows_done || now.bytes_done != before.bytes_done ||
         now.current_step != before.current_step;
}

bool IsEmpty(const WorkerTurn& turn) {
  return turn.grants.empty() && turn.closed.empty() && turn.revoked.empty();
}

void AddOnce(std::vector<LeaseId>& leases, const LeaseId& lease) {
  if (std::ranges::count(leases, lease) == 0) leases.push_back(lease);
}

AttemptEnd EndOf(const Outcome& outcome) {
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
    return failed->retryable ? AttemptEnd::kFailedRetryable : AttemptEnd::kFailedForGood;
  }
  if (std::holds_alternative<StoppedOutcome>(outcome)) return AttemptEnd::kStopped;
  if (std::holds_alternative<ReleasedOutcome>(outcome)) return AttemptEnd::kReleased;
  return AttemptEnd::kCompleted;
}

}  // namespace

void Cell::OpenSession(const Instant& now, SessionId session, WorkerHello hello,
                       std::shared_ptr<WorkerSink> sink) {
  now_ = now;
  if (!IsLeading()) return sink->Close(refusal_);
  Worker& worker = workers_.FindOrAdd(hello.instance);
  if (worker.session != 0) worker.sink->Close(absl::OkStatus());
  workers_.Connect(worker, session, std::move(hello), std::move(sink), now);
  silence_due_ = std::min(silence_due_, now.boot + options_.lease_ttl);
  worker.drained = drains_.contains(worker.hello.instance);
  Log(LogLevel::kInfo, "worker connected",
      {{"worker", worker.hello.instance},
       {"slots", worker.hello.slots},
       {"held", uint64_t{worker.hello.held.size()}}});
  worker.sink->Welcome(AttachHeld(worker));
  if (draining_) SendTurn(worker, {});
  workers_.Enqueue(worker);
  ReportGauges();
}

WorkerWelcome Cell::AttachHeld(Worker& worker) {
  WorkerWelcome welcome;
  welcome.report_interval = options_.report_interval;
  welcome.lease_ttl = options_.lease_ttl;
  welcome.epoch = epoch_;
  for (const LeaseId& lease : worker.hello.held) {
    const LiveJob* const job = jobs_.Find(lease.job);
    const bool current = job != nullptr && Holds(*job, lease);
    // What is decided and not durable must not be told: the next report hears of it.
    const bool undecided = job != nullptr && !writes_.IsDurable(job->last_batch);
    if (current) leases_.Attach(job->record.key, worker.id, now_.boot);
    (current || undecided ? welcome.kept : welcome.lost).push_back(lease);
  }
  return welcome;
}

void Cell::CloseSession(const Instant& now, SessionId session) {
  now_ = now;
  Worker* const worker = workers_.FindBySession(session);
  if (worker == nullptr) return;
  Log(LogLevel::kInfo, "worker disconnected",
      {{"worker", worker->hello.instance}, {"leases", leases_.CountOf(worker->id)}});
  leases_.Shorten(worker->id, now.boot);
  workers_.Disconnect(*worker);
  ForgetIfGone(worker->id);
  ReportGauges();
}

void Cell::HandleReport(const Instant& now, SessionId session, const WorkerReport& report) {
  now_ = now;
  Worker* const worker = workers_.FindBySession(session);
  if (worker == nullptr) return;
  worker->last_report_time = now.wall;
  worker->heard = now.boot;
  worker->received = report.sequence;
  worker->draining = report.draining;
  WorkerTurn answer;
  for (const LeaseReport& lease : report.leases) HandleLease(*worker, lease, answer);
  if (!std::exchange(worker->has_reported, true)) ReleaseUnlisted(*worker);
  const int32_t free = std::min(report.free_slots, worker->hello.slots);
  worker->credits = std::max(0, free - worker->unseen);
  workers_.Enqueue(*worker);
  AnswerReport(*worker, std::move(answer));
}

void Cell::HandleLease(Worker& worker, const LeaseReport& report, WorkerTurn& answer) {
  LiveJob* const job = jobs_.Find(report.lease.job);
  if (job == nullptr || !Holds(*job, report.lease)) {
    return RefuseStale(worker, job, report, answer);
  }
  MarkSeen(worker, *job);
  KeepCheckpoint(*job, report.checkpoint);
  if (const auto* progress = std::get_if<JobProgress>(&report.status)) {
    HandleProgress(*job, *progress, answer);
  } else {
    HandleOutcome(worker, *job, std::get<Outcome>(report.status));
  }
}

void Cell::MarkSeen(Worker& worker, LiveJob& job) {
  if (!job.lease_seen && job.session == worker.session) --worker.unseen;
  job.lease_seen = true;
  job.session = worker.session;
}

void Cell::HandleProgress(LiveJob& job, const JobProgress& progress, WorkerTurn& answer) {
  leases_.Renew(job.record.key, now_.boot);
  // Says it again with every answer: the turn that said it first may have been lost.
  const JobState state = job.record.status.state;
  if (state != JobState::kProcessing && writes_.IsDurable(job.last_batch)) {
    const bool is_cancelled = state == JobState::kCancelling;
    answer.revoked.push_back(
        {LeaseOf(job), is_cancelled ? RevokeReason::kCancel : RevokeReason::kPause});
  }
  if (IsFurther(job.progress, progress)) {
    leases_.Progressed(job.record.key, now_.boot);
    job.progressed = now_.boot;
  }
  job.progress = Advanced(job.progress, progress);
  if (now_.boot < job.progress_published + kProgressIntervalMin) return;
  job.progress_published = now_.boot;
  RecordChange(writes_.Find(job.last_batch), job, ChangeKind::kProgress);
}

void Cell::HandleOutcome(Worker& worker, LiveJob& job, const Outcome& outcome) {
  const LeaseId lease = LeaseOf(job);
  const bool cancelling = job.record.status.state == JobState::kCancelling;
  Note note = {.actor = worker.hello.instance};
  JobFailure failure;
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) failure = failed->failure;
  if (const auto* completed = std::get_if<CompletedOutcome>(&outcome)) {
    if (cancelling) note.message = "The completion came after the cancel and was refused.";
    if (!cancelling) AddOutputs(job, completed->result);
  }
  PendingBatch& batch = EndAttempt(job, EndOf(outcome), std::move(failure), std::move(note));
  batch.TurnFor(worker.id, worker.session).closed.push_back(lease);
}

void Cell::RefuseStale(const Worker& worker, const LiveJob* job, const LeaseReport& report,
                       WorkerTurn& answer) {
  // Perhaps the lease ended by a decision that is not durable yet, and lives on if that never is.
  PendingBatch* const pending = job == nullptr ? nullptr : writes_.Find(job->last_batch);
  WorkerTurn& turn = pending != nullptr ? pending->TurnFor(worker.id, worker.session) : answer;
  if (std::holds_alternative<JobProgress>(report.status)) {
    turn.revoked.push_back({report.lease, RevokeReason::kLost});
    return;
  }
  AddOnce(turn.closed, report.lease);
  if (pending == nullptr) metrics_.StaleMessageRefused();
}

void Cell::ReleaseUnlisted(const Worker& worker) {
  // The first report of a stream lists every lease the worker holds: one of an earlier stream that
  // is missing never reached it.
  for (JobKey key : leases_.JobsOf(worker.id)) {
    LiveJob& job = *jobs_.Find(key);
    if (job.session == worker.session) continue;
    ReleaseUntold(job);
  }
}

void Cell::AnswerReport(Worker& worker, WorkerTurn answer) {
  PendingBatch* const newest = writes_.Newest();
  const auto draft = newest == nullptr ? size_t{0} : newest->turn_of.count(worker.id);
  if (draft > 0 && !degraded_ && IsEmpty(answer)) {
    newest->TurnFor(worker.id, worker.session).answers = worker.received;
    return;
  }
  answer.answers = worker.received;
  SendTurn(worker, std::move(answer));
}

void Cell::SendTurn(Worker& worker, WorkerTurn turn) {
  turn.answers = std::max(turn.answers, worker.answered);
  worker.answered = turn.answers;
  turn.degraded = degraded_;
  turn.reconnect = draining_;
  worker.sink->Turn(std::move(turn));
}

void Cell::ForgetIfGone(WorkerId id) {
  const Worker* const worker = workers_.Find(id);
  if (worker->session == 0 && leases_.CountOf(id) == 0) workers_.Erase(id);
}

}  // namespace dq
