// The heart of the scheduler: a deterministic function of (state, event, now). Every public method
// takes an event, changes memory at once and adds what must be recorded to the write queue;
// whatever may be told (acknowledgements, grants, closings, changes) is told by Committed() only,
// after the batch it belongs to is durable. Knows no thread and no I/O: the run loop calls it, the
// commit writer carries its batches away, keys and randomness come from the constructor.
// Single-threaded.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "scheduler/core/dependency_table.h"
#include "scheduler/core/flow_statistics.h"
#include "scheduler/core/job_groups.h"
#include "scheduler/core/lease_table.h"
#include "scheduler/core/ready_queue.h"
#include "scheduler/core/retry_policy.h"
#include "scheduler/core/timer_queue.h"
#include "scheduler/engine/engine_metrics.h"
#include "scheduler/engine/instant.h"
#include "scheduler/engine/job_table.h"
#include "scheduler/engine/scheduler.h"
#include "scheduler/engine/watch_hub.h"
#include "scheduler/engine/worker_table.h"
#include "scheduler/engine/write_queue.h"

namespace dq {

// Where the cell gets what must be unique.
struct CellSources {
  std::function<std::string()> lease_token;       // 32 random hex digits.
  std::function<std::string()> uid;               // Unique for all time.
  std::function<std::string(absl::Time)> job_id;  // For a job without a name.
  // For a file that a job produced. Nobody can guess it: a file that a user names cannot be in its
  // way.
  std::function<std::string(absl::Time)> file_id;
};

// Jobs whose records are to be read.
struct RecordsRequest {
  std::vector<JobKey> keys;
  std::vector<JobName> names;
};

// What nothing refers to any more after a commit: the caller destroys it where it costs nobody
// time.
struct SpentBatch {
  PendingBatch batch;
  std::vector<std::unique_ptr<LiveJob>> jobs;  // Ended, or let go until their turn comes near.
};

class Cell {
 public:
  // One being written, one that waits for it.
  static constexpr int kBatchesInFlightMax = 2;
  static constexpr int kLoadsInFlightMax = 1;

  using ViewDone = std::function<void(absl::StatusOr<JobView>)>;
  using ReserveDone = std::function<void(absl::StatusOr<int64_t>)>;
  using DeletionReserved = std::function<void(absl::StatusOr<DeletionReservation>)>;
  using ViewsDone = std::function<void(absl::StatusOr<std::vector<JobView>>)>;

  // `metrics` and `watches` outlive the cell.
  Cell(const SchedulerOptions& options, CellSources sources, EngineMetrics& metrics,
       WatchHub& watches);

  // Leadership.

  // Begins to lead with what the database holds: every leased job gets one fresh TTL.
  void TakeOver(const Instant& now, int64_t epoch, LiveJobs live,
                const std::map<JobState, int64_t>& counts);
  // Stops leading: forgets everything, fails what waits with `why` and closes every session. Also
  // tells why requests are refused from now on. Harmless when not leading.
  void StepDown(const absl::Status& why);
  bool IsLeading() const { return epoch_ != 0; }
  int64_t epoch() const { return epoch_; }
  // The database does not answer: running jobs go on, reports are answered as degraded, nothing new
  // is accepted or granted, until the database is found again: by a successful commit, or by
  // DatabaseFound() while none is being repeated.
  void DatabaseLost(const Instant& now);
  void DatabaseFound(const Instant& now);
  bool IsDegraded() const { return degraded_; }
  // Grants nothing any more and asks every worker to connect elsewhere.
  void Drain();

  // Requests; see Scheduler.

  void Submit(const Instant& now, JobRecord record, SubmitDone done);
  void SubmitAll(const Instant& now, std::vector<JobRecord> records, BulkDone done);
  void Cancel(const Instant& now, const JobName& name, const std::string& reason,
              const std::string& actor, ViewDone done);
  void Pause(const Instant& now, const JobName& name, const std::string& reason,
             const std::string& actor, ViewDone done);
  void Resume(const Instant& now, const JobName& name, const std::string& reason,
              const std::string& actor, ViewDone done);
  void Skip(const Instant& now, const JobName& name, const JobFailure& why,
            const std::string& actor, ViewDone done);
  void ReserveReopen(const Instant& now, const JobName& name, ReserveDone done);
  void Reopen(const Instant& now, int64_t reservation, const JobName& name,
              absl::StatusOr<JobRecord> record, RetryFrom from, const std::string& reason,
              const std::string& actor, ViewDone done);
  void ReserveDeletion(const Instant& now, const std::vector<JobName>& names,
                       DeletionReserved done);
  void EndDeletion(const Instant& now, const DeletionReservation& reservation,
                   const std::vector<DeletedJob>& deleted);
  // Limits hold from now on; what runs already goes on.
  absl::StatusOr<GroupView> SetLimit(const GroupLimit& limit);
  absl::StatusOr<std::vector<GroupView>> ListGroups(const GroupQuery& query) const;
  absl::StatusOr<StuckList> ListStuck(const Instant& now, const StuckQuery& query);
  void Recover(const Instant& now, const JobName& name, const Recovery& recovery, ViewDone done);
  // A drained worker is granted nothing, on whatever stream; what it holds it keeps.
  absl::StatusOr<WorkerView> SetDrain(const std::string& worker, std::optional<WorkerDrain> drain);
  // Ends of jobs are recorded for webhooks of projects that have any, from now on.
  absl::Status SetWebhook(const WebhookPlace& webhook, WebhookPresence presence);
  // The same for all that are recorded, of a leader that begins.
  void LoadWebhooks(const std::vector<WebhookPlace>& webhooks);
  void GetLiveJobs(const Instant& now, const std::string& project,
                   const std::vector<std::string>& ids, ViewsDone done);
  void ShowRecords(const Instant& now, std::vector<JobRecord> records, ViewsDone done);
  absl::StatusOr<SchedulerStats> GetStats(const Instant& now);
  absl::StatusOr<std::vector<WorkerView>> ListWorkers() const;

  // Worker sessions; see Scheduler.

  void OpenSession(const Instant& now, SessionId session, WorkerHello hello,
                   std::shared_ptr<WorkerSink> sink);
  void HandleReport(const Instant& now, SessionId session, const WorkerReport& report);
  void CloseSession(const Instant& now, SessionId session);

  // Time and the writer.

  // Does what time has brought about: ends leases, ends waits, grants. Call after every event.
  void Tick(const Instant& now);
  // Returns when Tick() or BatchToCommit() has something to do next, on the boot clock.
  absl::Time NextDue(const Instant& now) const;
  // Returns the next batch to commit; null when there is none, kBatchesInFlightMax are being
  // committed, it is too small to be handed over behind another, or the linger time is not over.
  // Repeat the commit until it succeeds, then call Committed().
  std::shared_ptr<const WriteBatch> BatchToCommit(const Instant& now);
  // Whether memory can take in that rows of the oldest batch were refused. ABORTED (FENCED): later
  // decisions rest on them, and the leader must step down. To be asked before Committed().
  absl::Status CheckRefused(const BatchResult& result);
  // The oldest batch handed over is durable: tells what it allows to tell. Returns what is left.
  SpentBatch Committed(const Instant& now, BatchResult result);
  bool HasPendingWrites() const { return !writes_.empty(); }
  // Returns which records to read next; nothing when none are wanted, or kLoadsInFlightMax reads
  // run. Answer it with RecordsLoaded().
  std::optional<RecordsRequest> RecordsToLoad(const Instant& now);
  // The answer to the last request. ABORTED (FENCED): the database does not hold a job that waits
  // here, so memory is wrong and the leader must step down.
  absl::Status RecordsLoaded(const Instant& now, absl::StatusOr<std::vector<JobRecord>> records);

 private:
  // What a transition's event says besides the state.
  struct Note {
    std::string_view actor = "scheduler";
    std::string reason = {};
    std::string message = {};
  };

  // cell.cc: leadership, time and commits.
  void LoadJob(JobRecord record);
  void AnnounceProjects();
  void LoadWaiting(const WaitingJobs& alike);
  void EndLeases();
  // Ends the attempt that `worker` runs, whose lease is in the table no more, and tells it so.
  void TakeFromWorker(WorkerId worker, LiveJob& job, AttemptEnd end, JobFailure failure, Note note,
                      RevokeReason reason);
  void EndWaits();
  // Closes the streams of workers that have said nothing for the life of a lease.
  void EndSilence();
  void Dispatch();
  struct Match {
    JobKey job;
    Worker* worker;
  };
  // Takes out the next job and the worker in line that is to have it, if there are such.
  std::optional<Match> NextMatch();
  // Begins the lease with which a job was recorded, or takes it back: the worker may be gone, and
  // an outage may have left too little of it.
  void GrantInserted(PendingBatch& batch, LiveJob& job, const Submission& submission);
  // The job was not inserted: it counts no more, and its worker has its slot again.
  void TakeBackInsert(const Submission& submission);
  // What a new job was to have is free again on the stream it was counted on.
  void ReturnSlot(const Submission& submission);
  // Returns the new jobs whose records are not worth their memory.
  std::vector<std::unique_ptr<LiveJob>> FinishInserts(PendingBatch& batch, BatchResult& result);
  void SendTurns(PendingBatch& batch);
  void DropFinished(const PendingBatch& batch, std::vector<std::unique_ptr<LiveJob>>& to);
  void LeaveDegraded();
  void ReportGauges();

  // cell_jobs.cc: jobs. Apply() is the only function that changes the state of an existing job.
  PendingBatch& Apply(LiveJob& job, JobEvent event, Note note);
  void LeaveState(LiveJob& job, JobState to);
  void EnterState(LiveJob& job);
  void StartWait(const LiveJob& job);
  void Insert(JobRecord record, Submission submission);
  void InsertFound(JobRecord record, Submission submission);
  absl::Status RefuseForQuota() const;
  // Gives a new job to a worker that is free, if none waits before it: one commit records both.
  std::optional<JobEventRecord> ClaimNew(JobRecord& record, Submission& submission);
  LiveJob& AddInserted(JobRecord record, const JobPlace& place);
  // Tells of a job that was recorded with its end, and lets it go.
  std::unique_ptr<LiveJob> FinishEnded(JobRecord record, Submission& submission);
  void Claim(LiveJob& job, Worker& worker);
  // Counts an attempt on `worker` and makes its lease.
  void StartAttempt(JobStatus& status, const JobPlace& place, Worker& worker);
  static Note NoteOfGrant(const JobCheckpoint* checkpoint);
  PendingBatch& EndAttempt(LiveJob& job, AttemptEnd end, JobFailure reported, Note note);
  // Fails a QUEUED job that may not start any more.
  void Expire(LiveJob& job);
  // Fails a job that is PENDING, which it leaves because of `why`, or QUEUED.
  void FailWaiting(LiveJob& job, JobFailure failure, const std::string& why,
                   std::string_view actor);
  // Ends an attempt that no worker was told of: nobody is to blame.
  PendingBatch& ReleaseUntold(LiveJob& job);
  JobFailure FailureOf(const LiveJob& job, AttemptEnd end, JobFailure reported) const;
  void AddOutputs(LiveJob& job, JobResult result);
  void EndLease(LiveJob& job);

  // cell_control.cc: what users ask. Has `act` done to a live job, at once or when its record is
  // read, or answers why not.
  using Act = std::function<void(LiveJob&)>;
  void Steer(const JobName& name, const ViewDone& done, Act act);
  void SteerLoaded(const JobName& name, const ViewDone& done, const Act& act);
  void AnswerWhenDurable(const LiveJob& job, ViewDone done);
  void TellWorker(PendingBatch& batch, const LiveJob& job, RevokeReason reason);
  void ResumePaused(LiveJob& job, Note note);
  absl::StatusOr<int64_t> Reserve(const JobName& name);

  // cell_deletion.cc: ended jobs whose records are deleted.
  absl::Status ReserveToDelete(const JobName& name);
  void EndReservation(const DeletionReservation& reservation);
  // Returns whether a job is being deleted on which `record` depends.
  bool LosesDependency(const JobRecord& record) const;

  // cell_stuck.cc: jobs that do not get on.
  StuckFacts FactsOf(const LiveJob& job, bool has_worker) const;
  StuckView ViewOf(const LiveJob& job, StuckDiagnosis diagnosis) const;
  void EndStuck(LiveJob& job, const Recovery& recovery);

  // cell_workers.cc: what workers say and hear.
  WorkerWelcome AttachHeld(Worker& worker);
  void HandleLease(Worker& worker, const LeaseReport& report, WorkerTurn& answer);
  void HandleProgress(LiveJob& job, const JobProgress& progress, WorkerTurn& answer);
  void HandleOutcome(Worker& worker, LiveJob& job, const Outcome& outcome);
  void RefuseStale(const Worker& worker, const LiveJob* job, const LeaseReport& report,
                   WorkerTurn& answer);
  void MarkSeen(Worker& worker, LiveJob& job);
  void ReleaseUnlisted(const Worker& worker);
  void AnswerReport(Worker& worker, WorkerTurn answer);
  void SendTurn(Worker& worker, WorkerTurn turn);
  void ForgetIfGone(WorkerId worker);

  // cell_dependencies.cc: jobs that wait for others.
  struct HeldSubmit;
  using Held = std::shared_ptr<HeldSubmit>;
  void HoldSubmit(JobRecord record, Submission submission);
  void FindDependencies(const Held& held);
  void SeekDependency(const Held& held, const JobName& name);
  void TakeDependency(const Held& held, JobKey dependency, std::optional<JobState> ended);
  void GoOnSeeking(const Held& held, const absl::Status& status);
  void RefuseHeld(const Held& held, const absl::Status& why);
  void ReleaseArrived(const JobName& name, JobKey key);
  // Takes in what is recorded of the dependencies of a job that waits for them.
  void Depend(const LiveJob& job, const std::vector<JobDependency>& recorded);
  // Does what became of its dependencies to a job that waits, if anything.
  void SettleDependent(LiveJob& job);
  void SkipDependent(LiveJob& job, const FailedDependency& failed);
  void SettleDependentsOf(const std::vector<std::pair<JobKey, JobState>>& ended);
  void SettleDecided();

  // cell_records.cc: jobs whose records are not in memory.
  bool HasAbsent() const { return ready_.absent() > 0 || !parked_.empty(); }
  // The job is in no batch: only its place stays.
  std::unique_ptr<LiveJob> Unload(LiveJob& job);
  // Takes in a record that was read, if its job is absent.
  void Admit(JobRecord record);
  ReadyJob PlaceOf(const JobRecord& record);
  void WhenLoaded(const JobName& name, Release release);
  void FailNamed(const absl::Status& why);
  static void ReleaseAll(std::map<JobName, std::vector<Release>>& names,
                         const absl::Status& status);

  // cell_checkpoints.cc: where jobs may go on.
  // Takes in what a worker reports of a job whose lease it holds.
  void KeepCheckpoint(LiveJob& job, const std::shared_ptr<const JobCheckpoint>& reported);
  void SaveCheckpoints();
  // The job needs none any more.
  void DropCheckpoint(LiveJob& job, PendingBatch& batch);

  // cell_refusals.cc: what the database did not take.
  static bool CanTakeBack(const LiveJob& job, const JobRecord& recorded);
  void TakeBackAll(PendingBatch& batch, std::vector<RefusedJob> refused);
  // Undoes what `batch` says of a job, in memory and in what is to be told.
  void TakeBack(PendingBatch& batch, RefusedJob refused);
  // Counts the failure that is recorded in place of an end that was none.
  void CountRefused(PendingBatch& batch, const LiveJob& job, const RefusedJob& refused);
  // Makes the job what is recorded instead of what that batch said.
  void Restore(LiveJob& job, JobRecord recorded, int64_t refused_batch);
  // Ends the attempt of a job whose checkpoint was refused.
  void EndRefused(PendingBatch& batch, LiveJob& job, const absl::Status& why, bool was_asked);

  // cell_views.cc: what is shown and told.
  absl::Status CheckLeading() const;
  static absl::Status DatabaseAway();
  absl::Status CheckAccepting() const;
  GroupView ViewOf(GroupId group) const;
  // `worker`: null while it is not connected.
  WorkerView ViewOf(const std::string& instance, const Worker* worker) const;
  std::shared_ptr<JobView> MakeView(const LiveJob& job) const;
  JobView MakeAbsentView(JobRecord record);
  void ShowWait(JobView& view, const ReadyJob& job) const;
  void AnswerViews(const LiveJob* newest, std::vector<JobView> views, ViewsDone done);
  void RecordChange(PendingBatch* batch, const LiveJob& job, ChangeKind kind);
  // Returns the view of a change that nobody watched when it was decided; null when a later change
  // shows more.
  std::shared_ptr<const JobView> MakeLateView(PendingBatch& batch, const DraftChange& change);
  void PublishChanges(PendingBatch& batch);
  void WhenDurable(const LiveJob& job, Release release);
  void ReadWhenDurable(const LiveJob& job, Release release);
  void RefuseReads();

  const SchedulerOptions options_;
  const CellSources sources_;
  const RetryPolicy retry_policy_;
  EngineMetrics& metrics_;
  WatchHub& watches_;

  Instant now_;  // Of the event being handled.
  int64_t epoch_ = 0;
  absl::Status refusal_;  // Why requests are refused while not leading.
  bool degraded_ = false;
  bool draining_ = false;
  int64_t next_key_ = 1;

  StageDemands demands_;
  JobTable jobs_;
  JobGroups groups_;
  ReadyQueue ready_;
  // Paused jobs of which nothing else is in memory.
  absl::flat_hash_set<JobKey> parked_;
  std::optional<RecordsRequest> loading_;       // What is being read.
  std::vector<JobKey> load_again_;              // Keys whose reading failed.
  absl::Time load_due_ = absl::InfinitePast();  // Boot clock.
  // Who waits for the record of a name: to be asked for, and being read. Ordered, so that every run
  // is alike.
  std::map<JobName, std::vector<Release>> named_;
  std::map<JobName, std::vector<Release>> asked_;
  // Of the names that were read, those whose jobs have ended; only while it is told.
  std::map<JobName, std::pair<JobKey, JobState>> read_ended_;
  absl::flat_hash_set<JobName> reopening_;  // Their records are being read.
  absl::flat_hash_set<JobName> deleting_;
  DependencyTable dependencies_;
  std::deque<JobKey> decided_;  // Dependents to be settled, as far as they still wait.
  int64_t settled_rows_ = 0;    // Made by that since the last commit.
  // Jobs whose dependencies are being looked for: their keys and who waits to look for them.
  struct Arrival {
    JobKey key = 0;
    std::vector<Release> waiting;
  };
  std::map<JobName, Arrival> arriving_;
  std::deque<Release> arrived_;    // Who may go on looking.
  int64_t unmatched_inserts_ = 0;  // New jobs on their way to the ready ones.
  LeaseTable leases_;
  TimerQueue waits_;            // Ends of PENDING by a time that a user named, wall clock.
  TimerQueue start_deadlines_;  // Of QUEUED jobs that never started, wall clock.
  TimerQueue
      backoffs_;  // Ends of PENDING by BACKOFF, boot clock: a wall clock set back extends none.
  WorkerTable workers_;
  absl::Time silence_due_ = absl::InfiniteFuture();  // When a worker may be silent; boot clock.
  std::map<std::string, WorkerDrain> drains_;        // By instance.
  std::map<std::string, std::set<WebhookKey>> webhooks_;  // By project; none is empty.
  WriteQueue writes_;
  std::vector<JobKey> unsaved_checkpoints_;
  absl::Time checkpoints_due_ =
      absl::InfiniteFuture();  // When they are to be recorded; boot clock.
  std::map<JobState, int64_t> counts_;
  FlowStatistics flow_;
};

}  // namespace dq
