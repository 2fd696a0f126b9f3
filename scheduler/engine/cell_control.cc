// What users and batches ask of jobs that are there: cancel, pause, resume, skip, retry.
#include <utility>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "scheduler/engine/cell.h"

namespace dq {
namespace {

absl::Status NotLive(const JobName& name) {
  return MakeError(absl::StatusCode::kNotFound, "NOT_LIVE",
                   "There is no live job " + name.id + ".");
}

absl::Status IllegalTransition(const JobRecord& job, const std::string& what) {
  const std::string state(StateName(job.status.state));
  return MakeError(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                   "the job is " + state + " and cannot be " + what,
                   {{"job", job.name.id}, {"state", state}});
}

}  // namespace

void Cell::Steer(const JobName& name, const ViewDone& done, Act act) {
  if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return done(refusal);
  if (jobs_.Find(name) != nullptr || !HasAbsent()) return SteerLoaded(name, done, act);
  WhenLoaded(name, [this, name, done, act = std::move(act)](const absl::Status& status) {
    if (!status.ok()) return done(status);
    if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return done(refusal);
    SteerLoaded(name, done, act);
  });
}

void Cell::SteerLoaded(const JobName& name, const ViewDone& done, const Act& act) {
  LiveJob* const job = jobs_.Find(name);
  if (job == nullptr) return done(NotLive(name));
  if (!IsTerminal(job->record.status.state)) return act(*job);
  // Its end is decided and not yet durable: the caller reads the database afterwards.
  ReadWhenDurable(*job, [done, not_live = NotLive(name)](const absl::Status& status) {
    done(status.ok() ? not_live : status);
  });
}

void Cell::AnswerWhenDurable(const LiveJob& job, ViewDone done) {
  WhenDurable(job, [done = std::move(done), view = MakeView(job)](const absl::Status& status) {
    if (status.ok()) {
      done(std::move(*view));
    } else {
      done(status);
    }
  });
}

void Cell::Cancel(const Instant& now, const JobName& name, const std::string& reason,
                  const std::string& actor, ViewDone done) {
  now_ = now;
  Steer(name, done, [this, reason, actor, done](LiveJob& job) {
    if (!IsLeased(job.record.status.state)) {
      Apply(job, JobEvent::kCancel, {.actor = actor, .message = reason});
    } else if (job.record.status.state != JobState::kCancelling) {
      PendingBatch& batch =
          Apply(job, JobEvent::kRequestCancel, {.actor = actor, .message = reason});
      TellWorker(batch, job, RevokeReason::kCancel);
    }
    AnswerWhenDurable(job, done);
  });
}

void Cell::Pause(const Instant& now, const JobName& name, const std::string& reason,
                 const std::string& actor, ViewDone done) {
  now_ = now;
  Steer(name, done, [this, reason, actor, done](LiveJob& job) {
    const JobState state = job.record.status.state;
    if (state == JobState::kCancelling) return done(IllegalTransition(job.record, "paused"));
    if (state == JobState::kPending || state == JobState::kQueued) {
      Apply(job, JobEvent::kPause, {.actor = actor, .message = reason});
    } else if (state == JobState::kProcessing) {
      PendingBatch& batch =
          Apply(job, JobEvent::kRequestPause, {.actor = actor, .message = reason});
      TellWorker(batch, job, RevokeReason::kPause);
    }
    AnswerWhenDurable(job, done);
  });
}

void Cell::TellWorker(PendingBatch& batch, const LiveJob& job, RevokeReason reason) {
  const Worker* const worker = workers_.Find(leases_.Find(job.record.key)->worker);
  if (worker->session == 0) return;  // It hears of it when it comes back.
  batch.TurnFor(worker->id, worker->session).revoked.push_back({LeaseOf(job), reason});
}

void Cell::Resume(const Instant& now, const JobName& name, const std::string& reason,
                  const std::string& actor, ViewDone done) {
  now_ = now;
  Steer(name, done, [this, reason, actor, done](LiveJob& job) {
    const JobState state = job.record.status.state;
    if (state == JobState::kPausing || state == JobState::kCancelling) {
      return done(IllegalTransition(job.record, "resumed; wait until it is PAUSED"));
    }
    if (state == JobState::kPaused) ResumePaused(job, {.actor = actor, .message = reason});
    AnswerWhenDurable(job, done);
  });
}

void Cell::Skip(const Instant& now, const JobName& name, const JobFailure& why,
                const std::string& actor, ViewDone done) {
  now_ = now;
  Steer(name, done, [this, why, actor, done](LiveJob& job) {
    if (IsLeased(job.record.status.state)) {
      return done(IllegalTransition(job.record, "skipped while it runs"));
    }
    job.record.status.error = why;
    Apply(job, JobEvent::kSkip, {.actor = actor, .reason = why.reason, .message = why.message});
    AnswerWhenDurable(job, done);
  });
}

void Cell::ResumePaused(LiveJob& job, Note note) {
  JobStatus& status = job.record.status;
  const bool depends = dependencies_.IsWaiting(job.record.key);
  const bool is_early = !depends && job.record.rules.not_before > now_.wall;
  status.wait_reason = depends    ? WaitReason::kDependency
                       : is_early ? WaitReason::kNotBefore
                                  : WaitReason::kNone;
  status.wait_until = depends    ? absl::InfinitePast()
                      : is_early ? job.record.rules.not_before
                                 : now_.wall;
  Apply(job, JobEvent::kResume, std::move(note));
  if (!depends && !is_early) Apply(job, JobEvent::kReady, {});
}

void Cell::ReserveReopen(const Instant& now, const JobName& name, ReserveDone done) {
  now_ = now;
  if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return done(refusal);
  if (const LiveJob* const job = jobs_.Find(name)) {
    if (!IsTerminal(job->record.status.state)) {
      return done(IllegalTransition(job->record, "retried before it has ended"));
    }
    // Its record is to be read once it holds the end.
    return ReadWhenDurable(*job, [this, name, done = std::move(done)](const absl::Status& status) {
      done(status.ok() ? Reserve(name) : status);
    });
  }
  done(Reserve(name));
}

absl::StatusOr<int64_t> Cell::Reserve(const JobName& name) {
  if (!deleting_.contains(name) && reopening_.insert(name).second) return epoch_;
  return MakeError(absl::StatusCode::kUnavailable, "JOB_NOT_LOADED",
                   "the job is being retried or deleted by another call; try again",
                   {{"job", name.id}});
}

void Cell::Reopen(const Instant& now, int64_t reservation, const JobName& name,
                  absl::StatusOr<JobRecord> record, RetryFrom from, const std::string& reason,
                  const std::string& actor, ViewDone done) {
  now_ = now;
  if (epoch_ == reservation) reopening_.erase(name);
  if (!record.ok()) return done(record.status());
  if (absl::Status refusal = CheckAccepting(); !refusal.ok()) return done(refusal);
  if (epoch_ != reservation || jobs_.Find(name) != nullptr) {
    return done(MakeError(absl::StatusCode::kUnavailable, "JOB_NOT_LOADED",
                          "the leader has changed meanwhile; try again", {{"job", name.id}}));
  }
  if (!NextState(record->status.state, JobEvent::kReopen)) {
    return done(IllegalTransition(*record, "retried"));
  }
  if (record->status.attempt == 0 && record->rules.start_deadline <= now_.wall) {
    return done(IllegalTransition(
        *record, "retried: its start deadline has passed; submit it again with a later one"));
  }
  if (const JobDependency* const open = FirstNotCompleted(record->dependencies)) {
    return done(IllegalTransition(
        *record, "retried before job " + open->id + ", on which it depends, is COMPLETED"));
  }
  const JobPlace place = groups_.Join(record->name.project, record->rules);
  if (!groups_.HasRoom(place)) {
    groups_.Leave(place);
    return done(RefuseForQuota());
  }
  const DemandId demand = demands_.Intern(record->rules.stages);
  LiveJob& job = jobs_.Add(*std::move(record), demand, place);
  JobStatus& status = job.record.status;
  status.charges = 0;  // A retry that a person asks for has the whole budget again.
  status.losses = 0;
  status.error = JobFailure();
  status.start_time = absl::InfinitePast();
  status.end_time = absl::InfinitePast();
  job.record.result.reset();
  const bool forgets = from == RetryFrom::kStart && job.checkpoint_recorded;
  PendingBatch& batch =
      Apply(job, JobEvent::kReopen,
            {.actor = actor, .reason = forgets ? "FROM_START" : "", .message = reason});
  if (forgets) DropCheckpoint(job, batch);
  AnswerWhenDurable(job, std::move(done));
}

}  // namespace dq
