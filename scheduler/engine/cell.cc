// Leadership, time and commits.
#include "scheduler/engine/cell.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"

namespace dq {
namespace {

constexpr int kKeyEpochShift = 40;

// A timer that is served later than this was missed because the process stood still (stopped,
// swapped out, machine asleep): the reports of that time are still unread.
constexpr absl::Duration kStallMin = absl::Milliseconds(1500);

// A commit that takes longer is treated as an outage: workers must hear something before they
// fence themselves.
constexpr absl::Duration kCommitMax = absl::Seconds(1);

// A worker that lets so many reports fail to come is given no job until one comes.
constexpr double kSilentIntervals = 2.5;

absl::Time ExecutionDeadline(const JobRecord& record, const Instant& now) {
  return now.boot + (record.status.start_time + record.rules.execution_timeout - now.wall);
}

AttemptEnd AttemptEndOf(LeaseEnd end) {
  switch (end) {
    case LeaseEnd::kExpired:
      return AttemptEnd::kLost;
    case LeaseEnd::kTimedOut:
      return AttemptEnd::kTimedOut;
    case LeaseEnd::kStalled:
      return AttemptEnd::kStalled;
  }
  return AttemptEnd::kLost;
}

FlowEvent FlowEventOf(JobState ended) {
  if (ended == JobState::kCompleted) return FlowEvent::kCompleted;
  if (ended == JobState::kFailed) return FlowEvent::kFailed;
  return ended == JobState::kCancelled ? FlowEvent::kCancelled : FlowEvent::kSkipped;
}

absl::Status InsertError(const InsertResult& insert) {
  if (insert.outcome == InsertOutcome::kRefused) return insert.refusal;
  if (insert.outcome == InsertOutcome::kIdTaken) {
    return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN",
                     "A job of this id exists: choose another id.");
  }
  return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   "This request id was used with another body: choose another request id.");
}

absl::Status EarlierJobGone() {
  return MakeError(absl::StatusCode::kUnavailable, "JOB_NOT_LOADED",
                   "the job of this request was deleted just now; try again");
}

}  // namespace

Cell::Cell(const SchedulerOptions& options, CellSources sources, EngineMetrics& metrics,
           WatchHub& watches)
    : options_(options),
      sources_(std::move(sources)),
      retry_policy_(options.poison_losses_max),
      metrics_(metrics),
      watches_(watches),
      refusal_(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER",
                         "This scheduler does not lead yet.")),
      ready_(groups_, options.waiting_records_max),
      leases_(options.lease_ttl, options.broken_stream_ttl),
      workers_(demands_),
      writes_(options.commit_batch_rows_max) {}

void Cell::TakeOver(const Instant& now, int64_t epoch, LiveJobs live,
                    const std::map<JobState, int64_t>& counts) {
  now_ = now;
  epoch_ = epoch;
  next_key_ = (epoch << kKeyEpochShift) + 1;
  degraded_ = false;
  counts_ = counts;
  flow_.Restart(now.boot);
  writes_.Restart(epoch);
  watches_.Restart(epoch);
  load_due_ = absl::InfinitePast();
  for (JobRecord& record : live.jobs) {
    // Those of one that waits for some may have been deleted.
    const bool waits = record.status.wait_reason == WaitReason::kDependency;
    if (waits || !record.dependencies.empty()) decided_.push_back(record.key);
    LoadJob(std::move(record));
  }
  for (const WaitingJobs& alike : live.waiting) LoadWaiting(alike);
  SettleDecided();
  metrics_.Leading(true, epoch);
  ReportGauges();
  Log(LogLevel::kInfo, "leading",
      {{"epoch", epoch}, {"jobs", uint64_t{live.jobs.size()}}, {"queued", ready_.size()}});
}

void Cell::LoadJob(JobRecord record) {
  const DemandId demand = demands_.Intern(record.rules.stages);
  const JobPlace place = groups_.Join(record.name.project, record.rules);
  LiveJob& job = jobs_.Add(std::move(record), demand, place);
  if (IsLeased(job.record.status.state)) {
    groups_.Started(place);
    job.in_state_since = job.granted = job.progressed = now_.boot;
    ready_.KeyChanged(place.concurrency);
    const Worker& worker = workers_.FindOrAdd(job.record.status.worker);
    leases_.Grant(job.record.key, worker.id, now_.boot,
                  {ExecutionDeadline(job.record, now_), job.record.rules.no_progress_timeout});
    return;
  }
  Depend(job, job.record.dependencies);
  EnterState(job);
  if (job.record.status.attempt == 0) job.queued_since = job.record.create_time;
}

void Cell::LoadWaiting(const WaitingJobs& alike) {
  const JobPlace place =
      groups_.Join(alike.project, alike.rules, static_cast<int64_t>(alike.keys.size()));
  if (alike.state == JobState::kPaused) {
    parked_.insert(alike.keys.begin(), alike.keys.end());
    return;
  }
  const DemandId demand = demands_.Intern(alike.rules.stages);
  for (JobKey key : alike.keys) ready_.PushAbsent({key, alike.rules.priority, demand, place});
}

void Cell::StepDown(const absl::Status& why) {
  refusal_ = why;
  if (!IsLeading()) return;
  Log(LogLevel::kWarning, "leading no more", {{"epoch", epoch_}, {"reason", MessageOf(why)}});
  epoch_ = 0;
  std::deque<PendingBatch> unsaved = writes_.TakeAll();
  std::vector<std::shared_ptr<WorkerSink>> sinks;
  for (const Worker* worker : workers_.Connected()) sinks.push_back(worker->sink);
  jobs_.Clear();
  groups_ = JobGroups();
  ready_ = ReadyQueue(groups_, options_.waiting_records_max);
  parked_.clear();
  loading_.reset();
  load_again_.clear();
  reopening_.clear();
  deleting_.clear();
  read_ended_.clear();
  dependencies_ = DependencyTable();
  decided_.clear();
  settled_rows_ = 0;
  unmatched_inserts_ = 0;
  leases_ = LeaseTable(options_.lease_ttl, options_.broken_stream_ttl);
  waits_ = TimerQueue();
  start_deadlines_ = TimerQueue();
  backoffs_ = TimerQueue();
  workers_.Clear();
  silence_due_ = absl::InfiniteFuture();
  drains_.clear();
  webhooks_.clear();
  unsaved_checkpoints_.clear();
  checkpoints_due_ = absl::InfiniteFuture();
  for (auto& [state, count] : counts_) count = 0;  // The next leader shows them.
  ReportGauges();
  counts_.clear();
  metrics_.Leading(false, 0);
  for (PendingBatch& batch : unsaved) {
    for (Submission& submission : batch.submitted) submission.Fail(why);
    for (JobRelease& waiting : batch.releases) waiting.release(why);
    for (Release& read : batch.reads) read(why);
  }
  FailNamed(why);
  arriving_.clear();
  for (const auto& sink : sinks) sink->Close(draining_ ? absl::OkStatus() : why);
  watches_.EndAll(why);
}

void Cell::DatabaseLost(const Instant& now) {
  now_ = now;
  if (!IsLeading() || degraded_) return;
  degraded_ = true;
  metrics_.CommitFailed();
  Log(LogLevel::kWarning, "database lost", {{"rows_pending", writes_.rows_pending()}});
  RefuseReads();
  FailNamed(DatabaseAway());
  for (const Worker* connected : workers_.Connected()) {
    Worker& worker = *workers_.Find(connected->id);
    if (worker.answered < worker.received) AnswerReport(worker, {});
  }
}

void Cell::DatabaseFound(const Instant& now) {
  now_ = now;
  if (writes_.SealedCount() == 0) LeaveDegraded();
}

void Cell::LeaveDegraded() {
  if (!degraded_) return;
  degraded_ = false;
  Log(LogLevel::kInfo, "database found", {{"rows_pending", writes_.rows_pending()}});
}

void Cell::Drain() {
  draining_ = true;
  for (const Worker* connected : workers_.Connected()) {
    SendTurn(*workers_.Find(connected->id), {});
  }
}

void Cell::Tick(const Instant& now) {
  now_ = now;
  if (!IsLeading()) return;
  if (now.boot - writes_.CommittingSince() > kCommitMax) DatabaseLost(now);
  EndLeases();
  EndWaits();
  EndSilence();
  Dispatch();
  SaveCheckpoints();
}

void Cell::EndLeases() {
  if (leases_.NextDue() + kStallMin < now_.boot) {
    Log(LogLevel::kWarning, "stood still",
        {{"milliseconds", absl::ToInt64Milliseconds(now_.boot - leases_.NextDue())}});
    leases_.RenewAll(now_.boot);
  }
  while (const std::optional<EndedLease> ended = leases_.PopEnded(now_.boot)) {
    const bool expired = ended->end == LeaseEnd::kExpired;
    if (expired) metrics_.LeaseExpired();
    TakeFromWorker(ended->worker, *jobs_.Find(ended->job), AttemptEndOf(ended->end), {}, {},
                   expired ? RevokeReason::kLost : RevokeReason::kTimeout);
  }
}

void Cell::TakeFromWorker(WorkerId id, LiveJob& job, AttemptEnd end, JobFailure failure, Note note,
                          RevokeReason reason) {
  const LeaseId lease = LeaseOf(job);
  PendingBatch* const untold = writes_.Find(job.claim_batch);
  PendingBatch& batch = job.grant_told ? EndAttempt(job, end, std::move(failure), std::move(note))
                                       : ReleaseUntold(job);
  Worker& worker = *workers_.Find(id);
  const int32_t unseen = !job.lease_seen && job.session == worker.session ? 1 : 0;
  if (untold != nullptr) {
    // An outage outlasted the lease: the worker need not hear of it at all.
    untold->Withdraw(worker.id, lease);
    worker.unseen -= unseen;
  } else if (worker.session != 0) {
    TurnDraft& draft = batch.DraftFor(worker.id, worker.session);
    draft.turn.revoked.push_back({lease, reason});
    draft.unseen_revoked += unseen;
  }
  ForgetIfGone(worker.id);
}

void Cell::EndWaits() {
  while (const std::optional<JobKey> key = waits_.PopDue(now_.wall)) {
    Apply(*jobs_.Find(*key), JobEvent::kReady, {});
  }
  while (const std::optional<JobKey> key = backoffs_.PopDue(now_.boot)) {
    Apply(*jobs_.Find(*key), JobEvent::kReady, {});
  }
  // After those that have just become ready: nothing starts late.
  while (const std::optional<JobKey> key = start_deadlines_.PopDue(now_.wall)) {
    Expire(*jobs_.Find(*key));
  }
}

void Cell::EndSilence() {
  if (now_.boot < silence_due_) return;
  if (silence_due_ + kStallMin < now_.boot) {  // The reports of that time are still unread.
    silence_due_ = now_.boot + options_.lease_ttl;
    return;
  }
  const auto [silent, oldest] = workers_.Silent(now_.boot - options_.lease_ttl);
  silence_due_ = oldest + options_.lease_ttl;
  for (Worker* const worker : silent) {
    Log(LogLevel::kWarning, "worker silent", {{"worker", worker->hello.instance}});
    worker->sink->Close(MakeError(absl::StatusCode::kUnavailable, "WORKER_SILENT",
                                  "no report came for as long as a lease lives; connect again"));
    workers_.Disconnect(*worker);
    ForgetIfGone(worker->id);
  }
  if (!silent.empty()) ReportGauges();
}

void Cell::Dispatch() {
  // Gives one job to each worker in turn.
  while (const std::optional<Match> match = NextMatch()) {
    Claim(*jobs_.Find(match->job), *match->worker);
    workers_.Enqueue(*match->worker);
  }
}

std::optional<Cell::Match> Cell::NextMatch() {
  if (degraded_ || draining_) return std::nullopt;
  // Who hangs takes jobs in and runs none, though its connection lives.
  const absl::Time heard_since = now_.boot - kSilentIntervals * options_.report_interval;
  // A whole round without a match ends it.
  for (size_t misses = 0; !ready_.empty() && misses < workers_.LineLength(); ++misses) {
    Worker* const worker = workers_.Dequeue(heard_since);
    if (worker == nullptr) return std::nullopt;
    if (const std::optional<JobKey> key = ready_.PopFor(worker->offer)) return Match{*key, worker};
    workers_.Enqueue(*worker);
  }
  return std::nullopt;
}

absl::Time Cell::NextDue(const Instant& now) const {
  if (!IsLeading()) return absl::InfiniteFuture();
  absl::Time due = std::min(leases_.NextDue(), silence_due_);
  if (writes_.SealedCount() == 0) {
    due = std::min(due, writes_.OldestOpened() + options_.commit_linger);
  }
  due = std::min(due, backoffs_.NextDue());
  const absl::Time next_by_wall = std::min(waits_.NextDue(), start_deadlines_.NextDue());
  if (next_by_wall != absl::InfiniteFuture()) {
    due = std::min(due, now.boot + (next_by_wall - now.wall));
  }
  if (!degraded_) {
    if (!load_again_.empty()) due = std::min(due, load_due_);
    due = std::min(due, checkpoints_due_);
    due = std::min(due, writes_.CommittingSince() + kCommitMax + absl::Milliseconds(1));
  }
  return due;
}

std::shared_ptr<const WriteBatch> Cell::BatchToCommit(const Instant& now) {
  if (!IsLeading()) return nullptr;
  const size_t rows = writes_.RowsToSeal();
  const int in_flight = writes_.SealedCount();
  if (in_flight >= kBatchesInFlightMax) return nullptr;
  if (in_flight > 0 && rows < static_cast<size_t>(options_.commit_overlap_rows_min)) return nullptr;
  const bool lingers = now.boot < writes_.OldestOpened() + options_.commit_linger;
  if (lingers && rows < static_cast<size_t>(options_.commit_batch_rows_max)) return nullptr;
  return writes_.Seal(now);
}

SpentBatch Cell::Committed(const Instant& now, BatchResult result) {
  now_ = now;
  const absl::Duration took = now.boot - writes_.CommittingSince();
  PendingBatch batch = writes_.TakeDurable(now);
  metrics_.BatchCommitted(static_cast<int64_t>(batch.RowCount()), took);
  settled_rows_ = 0;
  LeaveDegraded();
  TakeBackAll(batch, std::move(result.refused));
  std::vector<std::unique_ptr<LiveJob>> spent = FinishInserts(batch, result);
  for (JobRelease& waiting : batch.releases) waiting.release(absl::OkStatus());
  for (Release& read : batch.reads) read(absl::OkStatus());
  SendTurns(batch);
  PublishChanges(batch);
  DropFinished(batch, spent);
  ReportGauges();
  return {std::move(batch), std::move(spent)};
}

std::vector<std::unique_ptr<LiveJob>> Cell::FinishInserts(PendingBatch& batch,
                                                          BatchResult& result) {
  std::vector<std::unique_ptr<LiveJob>> unloaded;
  for (size_t i = 0; i < batch.submitted.size(); ++i) {
    InsertResult& insert = result.inserts[i];
    Submission& submission = batch.submitted[i];
    if (batch.rows->inserts[i].record.status.state == JobState::kQueued) --unmatched_inserts_;
    if (insert.outcome == InsertOutcome::kInserted) {
      flow_.Count(now_.boot, FlowEvent::kCreated);
      if (IsTerminal(batch.rows->inserts[i].record.status.state)) {
        unloaded.push_back(FinishEnded(std::move(batch.rows->inserts[i].record), submission));
        continue;
      }
      LiveJob& job = AddInserted(std::move(batch.rows->inserts[i].record), submission.place);
      const JobState state = job.record.status.state;
      submission.Succeed(job.record.name, false, [&] { return *MakeView(job); });
      if (state == JobState::kProcessing) GrantInserted(batch, job, submission);
      if (state == JobState::kQueued && IsTimeless(job.record) && !ready_.IsNear(AsReady(job))) {
        unloaded.push_back(Unload(job));
      }
      if (state == JobState::kPending && !dependencies_.empty()) SettleDependent(job);
      continue;
    }
    TakeBackInsert(submission);
    dependencies_.Remove(batch.rows->inserts[i].record.key);
    if (insert.outcome == InsertOutcome::kExisted && insert.record.key == 0) {
      submission.Fail(EarlierJobGone());
    } else if (insert.outcome == InsertOutcome::kExisted) {
      submission.Succeed(insert.record.name, true, [&] {
        return JobView{std::move(insert.record), {}, 0};
      });
    } else {
      submission.Fail(InsertError(insert));
    }
  }
  return unloaded;
}

void Cell::GrantInserted(PendingBatch& batch, LiveJob& job, const Submission& submission) {
  Worker& worker = workers_.FindOrAdd(job.record.status.worker);
  const absl::Time must_end = ExecutionDeadline(job.record, now_);
  const absl::Duration silence_max = job.record.rules.no_progress_timeout;
  leases_.Grant(job.record.key, worker.id, submission.claimed, {must_end, silence_max});
  job.session = submission.session;
  job.granted = job.progressed = submission.claimed;
  job.grant_told = false;
  job.claim_batch = batch.rows->sequence;
  const bool is_late = now_.boot > submission.claimed + options_.lease_ttl / 2 ||
                       now_.boot >= submission.claimed + silence_max || now_.boot >= must_end;
  if (is_late || worker.session != submission.session) {
    ReturnSlot(submission);
    ReleaseUntold(job);  // The worker may be forgotten with it.
    return;
  }
  metrics_.LeaseGranted();
  metrics_.QueueWaited(absl::ZeroDuration());
  flow_.CountStart(now_.boot, absl::ZeroDuration());
  WorkerTurn& turn = batch.TurnFor(worker.id, worker.session);
  turn.grants.push_back({LeaseOf(job), job.record.payload.grant});
}

void Cell::TakeBackInsert(const Submission& submission) {
  if (submission.worker != 0) {
    groups_.Ended(submission.place);
    ready_.KeyChanged(submission.place.concurrency);
    ReturnSlot(submission);
  }
  groups_.Leave(submission.place);
}

void Cell::ReturnSlot(const Submission& submission) {
  Worker* const worker = workers_.FindBySession(submission.session);
  if (worker == nullptr) return;
  ++worker->credits;
  --worker->unseen;
  workers_.Enqueue(*worker);
}

void Cell::SendTurns(PendingBatch& batch) {
  for (TurnDraft& draft : batch.turns) {
    Worker* const worker = workers_.Find(draft.worker);
    if (worker == nullptr || worker->session == 0 || worker->session != draft.session) continue;
    for (const WorkerGrant& grant : draft.turn.grants) {
      LiveJob* const job = jobs_.Find(grant.lease.job);
      if (job != nullptr && Holds(*job, grant.lease)) job->grant_told = true;
    }
    worker->unseen -= draft.unseen_revoked;
    SendTurn(*worker, std::move(draft.turn));
  }
}

void Cell::DropFinished(const PendingBatch& batch, std::vector<std::unique_ptr<LiveJob>>& to) {
  std::vector<std::pair<JobKey, JobState>> ended;
  for (const LiveJob* job : batch.changed) {
    const JobStatus& status = job->record.status;
    if (!IsTerminal(status.state) || job->last_batch != batch.rows->sequence) continue;
    const bool ran = status.start_time != absl::InfinitePast();
    const absl::Duration run = ran ? status.end_time - status.start_time : absl::ZeroDuration();
    metrics_.JobFinished(status.state, run);
    if (ran) {
      flow_.CountEnd(now_.boot, FlowEventOf(status.state), run);
    } else {
      flow_.Count(now_.boot, FlowEventOf(status.state));
    }
    groups_.Leave(job->place);
    if (!dependencies_.empty()) ended.emplace_back(job->record.key, status.state);
    to.push_back(jobs_.Take(job->record.key));
  }
  SettleDependentsOf(ended);
}

void Cell::ReportGauges() {
  for (const auto& [state, count] : counts_) metrics_.JobsInState(state, count);
  metrics_.WorkersConnected(workers_.connected(), workers_.slots(), leases_.size());
}

}  // namespace dq
