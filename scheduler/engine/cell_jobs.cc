// Jobs: submitted, claimed, ended, and the one function that changes a state.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/error.h"
#include "common/base/logging.h"
#include "scheduler/core/state_table.h"
#include "scheduler/engine/cell.h"

namespace dq {
namespace {

// How long a job waits that is only to be skipped: it is a time like any other for a new leader.
constexpr absl::Duration kHeldFor = absl::Hours(24 * 365 * 100);

// Ordinary steps are in the job's history; the log's default level tells of failures only.
LogLevel LevelOf(JobEvent event) {
  const bool charged =
      event == JobEvent::kRetry || event == JobEvent::kGiveUp || event == JobEvent::kLose;
  return charged ? LogLevel::kInfo : LogLevel::kDebug;
}

void LogTransition(const JobRecord& job, const JobEventRecord& event) {
  if (!IsLogged(LevelOf(event.event))) return;
  Log(LevelOf(event.event), "job transition",
      {{"job", job.name.id},
       {"project", job.name.project},
       {"from", event.from ? StateName(*event.from) : std::string_view()},
       {"to", StateName(event.to)},
       {"transition", EventName(event.event)},
       {"attempt", event.attempt},
       {"worker", event.worker},
       {"actor", event.actor},
       {"reason", event.reason}});
}

// The event of a change to `status`, which is the new one already; from nothing: of its creation.
JobEventRecord EventOf(const JobStatus& status, JobEvent event, std::optional<JobState> from,
                       absl::Time now) {
  JobEventRecord record;
  record.sequence = status.version;
  record.time = now;
  record.event = event;
  record.from = from;
  record.to = status.state;
  record.attempt = status.attempt;
  if (IsLeased(status.state) || (from && IsLeased(*from))) record.worker = status.worker;
  return record;
}

// A table that says no to the engine's own decision is a bug that must not reach the database.
[[noreturn]] void DieOfIllegalTransition(const LiveJob& job, JobEvent event) {
  Log(LogLevel::kError, "illegal transition",
      {{"job", job.record.name.id},
       {"from", StateName(job.record.status.state)},
       {"transition", EventName(event)}});
  std::abort();
}

JobFailure SystemFailure(std::string_view reason, std::string message) {
  return {std::string(reason), std::move(message), {{"category", "system"}}};
}

absl::Status DependencyDeleted() {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DEPENDENCY_MISSING",
                   "a job that this one is to depend on is being deleted");
}

}  // namespace

void Cell::Submit(const Instant& now, JobRecord record, SubmitDone done) {
  now_ = now;
  Insert(std::move(record), {.done = std::move(done)});
}

void Cell::SubmitAll(const Instant& now, std::vector<JobRecord> records, BulkDone done) {
  now_ = now;
  if (records.empty()) return done(std::vector<BulkOutcome>());
  auto bulk = std::make_shared<BulkSubmit>();
  bulk->outcomes.resize(records.size());
  bulk->left = records.size();
  bulk->done = std::move(done);
  for (size_t i = 0; i < records.size(); ++i) {
    Insert(std::move(records[i]), {.done = {}, .bulk = bulk, .index = i});
  }
}

void Cell::Insert(JobRecord record, Submission submission) {
  if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return submission.Fail(refusal);
  if (!record.dependencies.empty()) return HoldSubmit(std::move(record), std::move(submission));
  record.key = next_key_++;
  InsertFound(std::move(record), std::move(submission));
}

void Cell::InsertFound(JobRecord record, Submission submission) {
  if (LosesDependency(record)) {
    dependencies_.Remove(record.key);
    return submission.Fail(DependencyDeleted());
  }
  submission.place = groups_.Join(record.name.project, record.rules);
  if (!groups_.HasRoom(submission.place)) {
    groups_.Leave(submission.place);
    dependencies_.Remove(record.key);
    return submission.Fail(RefuseForQuota());
  }
  record.uid = sources_.uid();
  record.create_time = now_.wall;
  if (record.name.id.empty()) record.name.id = sources_.job_id(now_.wall);
  record.status = JobStatus();
  record.status.version = 1;
  record.status.state = JobState::kQueued;
  if (record.has_earlier_result) {
    record.status.state = JobState::kCompleted;
    record.status.end_time = now_.wall;
  } else if (record.is_held) {
    record.status.state = JobState::kPending;
    record.status.wait_reason = WaitReason::kNotBefore;
    record.status.wait_until = now_.wall + kHeldFor;
  } else if (FirstNotCompleted(record.dependencies) != nullptr) {
    record.status.state = JobState::kPending;
    record.status.wait_reason = WaitReason::kDependency;
  } else if (record.rules.not_before > now_.wall) {
    record.status.state = JobState::kPending;
    record.status.wait_reason = WaitReason::kNotBefore;
    record.status.wait_until = record.rules.not_before;
  }
  JobEventRecord created = EventOf(record.status, JobEvent::kCreate, std::nullopt, now_.wall);
  created.actor = record.created_by;
  if (record.has_earlier_result) {
    created.reason = "EARLIER_RESULT";
    created.message = "It has the result of an earlier job over the same input.";
  }
  LogTransition(record, created);
  std::vector<JobEventRecord> events = {std::move(created)};
  if (record.status.state == JobState::kQueued) {
    std::optional<JobEventRecord> claimed = ClaimNew(record, submission);
    if (claimed) {
      events.push_back(*std::move(claimed));
    } else {
      ++unmatched_inserts_;
    }
  }
  writes_.Insert({std::move(record), std::move(events)}, std::move(submission), now_);
}

std::optional<JobEventRecord> Cell::ClaimNew(JobRecord& record, Submission& submission) {
  const bool is_expired = record.rules.start_deadline <= now_.wall;
  if (is_expired || !ready_.empty() || unmatched_inserts_ > 0) return std::nullopt;
  const ReadyJob as_ready = {record.key, record.rules.priority,
                             demands_.Intern(record.rules.stages), submission.place};
  ready_.Push(as_ready);
  const std::optional<Match> match = NextMatch();
  if (!match) {
    ready_.Erase(as_ready);
    return std::nullopt;
  }
  JobStatus& status = record.status;
  StartAttempt(status, submission.place, *match->worker);
  workers_.Enqueue(*match->worker);
  submission.worker = match->worker->id;
  submission.session = match->worker->session;
  submission.claimed = now_.boot;
  status.state = JobState::kProcessing;
  ++status.version;
  JobEventRecord claimed = EventOf(status, JobEvent::kClaim, JobState::kQueued, now_.wall);
  claimed.actor = Note().actor;
  LogTransition(record, claimed);
  return claimed;
}

absl::Status Cell::RefuseForQuota() const {
  metrics_.AdmissionRefused();
  return MakeError(absl::StatusCode::kResourceExhausted, "QUOTA",
                   "The project or the queue has as many unfinished jobs as it may: wait until "
                   "some have ended, or ask an operator to raise the limit.");
}

LiveJob& Cell::AddInserted(JobRecord record, const JobPlace& place) {
  const DemandId demand = demands_.Intern(record.rules.stages);
  LiveJob& job = jobs_.Add(std::move(record), demand, place);
  ++counts_[job.record.status.state];
  EnterState(job);
  RecordChange(nullptr, job, ChangeKind::kState);
  return job;
}

std::unique_ptr<LiveJob> Cell::FinishEnded(JobRecord record, Submission& submission) {
  const DemandId demand = demands_.Intern(record.rules.stages);
  LiveJob& job = jobs_.Add(std::move(record), demand, submission.place);
  const JobState state = job.record.status.state;
  ++counts_[state];
  metrics_.JobFinished(state, absl::ZeroDuration());
  flow_.Count(now_.boot, FlowEvent::kCompleted);
  RecordChange(nullptr, job, ChangeKind::kState);
  submission.Succeed(job.record.name, false, [&] { return *MakeView(job); });
  groups_.Leave(submission.place);
  return jobs_.Take(job.record.key);
}

void Cell::StartAttempt(JobStatus& status, const JobPlace& place, Worker& worker) {
  ++status.attempt;
  status.lease_token = sources_.lease_token();
  status.worker = worker.hello.instance;
  status.start_time = now_.wall;
  --worker.credits;
  ++worker.unseen;
  groups_.Started(place);
  ready_.KeyChanged(place.concurrency);
}

void Cell::Claim(LiveJob& job, Worker& worker) {
  StartAttempt(job.record.status, job.place, worker);
  job.progress = JobProgress();
  job.granted = now_.boot;
  job.progressed = now_.boot;
  job.session = worker.session;
  job.grant_told = false;
  job.lease_seen = false;
  PendingBatch& batch = Apply(job, JobEvent::kClaim, NoteOfGrant(job.record.checkpoint.get()));
  const JobRules& rules = job.record.rules;
  leases_.Grant(job.record.key, worker.id, now_.boot,
                {now_.boot + rules.execution_timeout, rules.no_progress_timeout});
  batch.TurnFor(worker.id, worker.session)
      .grants.push_back({LeaseOf(job), job.record.payload.grant, job.record.checkpoint});
  job.claim_batch = batch.rows->sequence;
  metrics_.LeaseGranted();
  metrics_.QueueWaited(now_.wall - job.queued_since);
  flow_.CountStart(now_.boot, now_.wall - job.queued_since);
}

// A history tells where its attempts went on.
Cell::Note Cell::NoteOfGrant(const JobCheckpoint* checkpoint) {
  if (checkpoint == nullptr) return {};
  return {.reason = "FROM_CHECKPOINT",
          .message =
              absl::StrCat("To go on from checkpoint ", checkpoint->sequence, " of attempt ",
                           checkpoint->attempt, " at ", std::lround(checkpoint->percent), " %.")};
}

JobFailure Cell::FailureOf(const LiveJob& job, AttemptEnd end, JobFailure reported) const {
  switch (end) {
    case AttemptEnd::kLost:
      return SystemFailure("WORKER_LOST", "Worker " + job.record.status.worker +
                                              " was not heard of until its lease ended.");
    case AttemptEnd::kTimedOut:
      return {"TIMEOUT",
              absl::StrCat("The attempt took longer than ",
                           absl::FormatDuration(job.record.rules.execution_timeout),
                           ": raise execution_timeout or give less data."),
              {{"category", "processing"}}};
    case AttemptEnd::kStalled:
      return {"NO_PROGRESS",
              absl::StrCat("The attempt got no further for ",
                           absl::FormatDuration(job.record.rules.no_progress_timeout),
                           ": raise no_progress_timeout, or look at the worker's log."),
              {{"category", "processing"}}};
    case AttemptEnd::kStopped:
      return SystemFailure("WORKER_STOPPED",
                           "Worker " + job.record.status.worker + " stopped without being asked.");
    case AttemptEnd::kCompleted:
    case AttemptEnd::kReleased:
    case AttemptEnd::kFailedRetryable:
    case AttemptEnd::kFailedForGood:
      return reported;
  }
  return reported;
}

PendingBatch& Cell::EndAttempt(LiveJob& job, AttemptEnd end, JobFailure reported, Note note) {
  JobStatus& status = job.record.status;
  const AttemptDecision decision = retry_policy_.Decide(job.record.rules, status, end);
  JobFailure failure = FailureOf(job, end, std::move(reported));
  if (decision.poison) {
    failure = SystemFailure(
        "POISON", absl::StrCat(status.losses + decision.losses,
                               " workers were lost over this job, last ", status.worker, "."));
  }
  const bool may_go_on =
      decision.event != JobEvent::kComplete && status.state != JobState::kCancelling;
  std::optional<CheckpointSave> save;
  if (may_go_on && job.checkpoint_unsaved) save = WriteQueue::CheckpointOf(job);
  status.charges += decision.charges;
  status.losses += decision.losses;
  if (decision.charges > 0) {
    metrics_.AttemptFailed(failure.reason);
    flow_.Count(now_.boot, FlowEvent::kAttemptFailed);
    note.reason = failure.reason;
    note.message = failure.message;
  }
  if (decision.event == JobEvent::kRetry) {
    status.wait_reason = WaitReason::kBackoff;
    status.wait_until = now_.wall + decision.backoff;
  }
  if (decision.event == JobEvent::kComplete) status.error = JobFailure();
  if (decision.charges > 0 && status.state != JobState::kCancelling) {
    status.error = std::move(failure);
  }
  PendingBatch& batch = Apply(job, decision.event, std::move(note));
  // In one batch, so that one is not recorded without the other.
  if (save) writes_.SaveCheckpointIn(batch, job, *std::move(save));
  return batch;
}

void Cell::Expire(LiveJob& job) {
  JobFailure failure = SystemFailure(
      "START_DEADLINE",
      absl::StrCat(
          "No attempt had started by the start deadline, ",
          absl::FormatTime(job.record.rules.start_deadline, absl::UTCTimeZone()),
          ": submit it again with a later one, at a higher priority or with more workers."));
  FailWaiting(job, std::move(failure), "Its start deadline has come.", "scheduler");
}

void Cell::FailWaiting(LiveJob& job, JobFailure failure, const std::string& why,
                       std::string_view actor) {
  if (job.record.status.state == JobState::kPending) {
    Apply(job, JobEvent::kReady, {.actor = actor, .message = why});
  }
  Note note = {.actor = actor, .reason = failure.reason, .message = failure.message};
  job.record.status.error = std::move(failure);
  Apply(job, JobEvent::kExpire, std::move(note));
}

PendingBatch& Cell::ReleaseUntold(LiveJob& job) {
  return EndAttempt(job, AttemptEnd::kReleased, {},
                    {.message = "The grant did not reach the worker."});
}

void Cell::AddOutputs(LiveJob& job, JobResult result) {
  for (JobOutput& output : result.outputs) output.file_id = sources_.file_id(now_.wall);
  job.record.result = std::move(result);
}

PendingBatch& Cell::Apply(LiveJob& job, JobEvent event, Note note) {
  JobStatus& status = job.record.status;
  const JobState from = status.state;
  const std::optional<JobState> to = NextState(from, event);
  if (!to) DieOfIllegalTransition(job, event);
  PendingBatch& batch = writes_.Change(job, now_);
  LeaveState(job, *to);
  status.state = *to;
  ++status.version;
  JobEventRecord& record =
      WriteQueue::RowOf(batch, job).events.emplace_back(EventOf(status, event, from, now_.wall));
  record.actor = note.actor;
  record.reason = std::move(note.reason);
  record.message = std::move(note.message);
  LogTransition(job.record, record);
  --counts_[from];
  ++counts_[*to];
  EnterState(job);
  // A failed job may be retried from there.
  if (IsTerminal(*to) && *to != JobState::kFailed) DropCheckpoint(job, batch);
  RecordChange(&batch, job, ChangeKind::kState);
  return batch;
}

void Cell::LeaveState(LiveJob& job, JobState to) {
  JobStatus& status = job.record.status;
  if (status.state == JobState::kPending) {
    waits_.Clear(job.record.key);
    backoffs_.Clear(job.record.key);
  }
  if (status.state == JobState::kQueued) ready_.Erase(AsReady(job));
  start_deadlines_.Clear(job.record.key);
  if (IsLeased(status.state) && !IsLeased(to)) EndLease(job);
  if (to == JobState::kPending) return;
  status.wait_reason = WaitReason::kNone;
  status.wait_until = absl::InfinitePast();
}

void Cell::EndLease(LiveJob& job) {
  job.record.status.lease_token.clear();
  groups_.Ended(job.place);
  ready_.KeyChanged(job.place.concurrency);
  const Lease* const lease = leases_.Find(job.record.key);
  if (lease == nullptr) return;
  const WorkerId worker = lease->worker;
  leases_.Remove(job.record.key);
  ForgetIfGone(worker);
}

void Cell::StartWait(const LiveJob& job) {
  const JobStatus& status = job.record.status;
  if (status.wait_reason == WaitReason::kDependency) return;
  if (status.wait_reason != WaitReason::kBackoff) {
    return waits_.Set(job.record.key, status.wait_until);
  }
  // The leader that wrote the time may have had another clock: no pause is longer than it may be.
  const absl::Duration rest = std::min(status.wait_until - now_.wall, job.record.rules.backoff_cap);
  backoffs_.Set(job.record.key, now_.boot + rest);
}

void Cell::EnterState(LiveJob& job) {
  JobStatus& status = job.record.status;
  job.in_state_since = now_.boot;
  if (status.state == JobState::kPending) StartWait(job);
  if (status.state == JobState::kQueued) {
    job.queued_since = now_.wall;
    ready_.Push(AsReady(job));
  }
  const bool waits = status.state == JobState::kPending || status.state == JobState::kQueued;
  if (waits && status.attempt == 0) {
    start_deadlines_.Set(job.record.key, job.record.rules.start_deadline);
  }
  if (IsTerminal(status.state)) status.end_time = now_.wall;
  const bool may_wait = status.state == JobState::kPending || status.state == JobState::kPaused;
  if (!may_wait && !dependencies_.empty()) dependencies_.Remove(job.record.key);
}

}  // namespace dq
