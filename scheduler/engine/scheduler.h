// The scheduler as the API layer sees it: submit, cancel, watch, worker sessions, live views. Owns
// the engine's threads (run loop, commit writer, leadership). Every method returns at once and may
// be called from a gRPC thread; callbacks and sinks are called once the decision is durable, from
// an engine thread, and must not block. Only a refusal for overload (QUEUE_FULL) or after Stop() is
// handed to the callback from within the call. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/core/flow_statistics.h"
#include "scheduler/core/job.h"
#include "scheduler/core/job_store.h"
#include "scheduler/core/stuck_job.h"
#include "scheduler/core/worker_protocol.h"
#include "scheduler/engine/ended_job.h"
#include "scheduler/engine/job_control.h"

namespace dq {

class EngineMetrics;

// Intervals and limits of the engine. Tests shrink the intervals.
struct SchedulerOptions {
  std::string instance;  // Unique per process start.
  std::string address;   // Where clients reach this replica.
  absl::Duration leadership_ttl = absl::Seconds(5);
  absl::Duration leadership_renew_interval = absl::Milliseconds(1750);
  absl::Duration report_interval = absl::Seconds(3);  // Told to workers.
  absl::Duration lease_ttl = absl::Seconds(15);       // Since the last report.
  absl::Duration broken_stream_ttl =
      absl::Seconds(5);       // What is left of a lease when its stream breaks.
  int poison_losses_max = 3;  // Lost leases until FAILED with POISON.
  absl::Duration commit_linger = absl::ZeroDuration();  // Waits this long for more before a commit.
  int commit_batch_rows_max = 2000;
  // While one batch is being written the next is handed over once it has so many rows.
  int commit_overlap_rows_min = 128;
  int commands_queued_max = 100'000;  // Then RESOURCE_EXHAUSTED QUEUE_FULL.
  // Waiting jobs whose records are kept in memory, about; of the others it knows the place alone.
  int waiting_records_max = 100'000;
  int watch_backlog_messages_max = 10'000;  // Kept for resume tokens.
};

// Receives what the engine tells one worker. Called from an engine thread; must not block or call
// back.
class WorkerSink {
 public:
  virtual ~WorkerSink() = default;
  virtual void Welcome(WorkerWelcome welcome) = 0;
  virtual void Turn(WorkerTurn turn) = 0;
  // The session ended on the scheduler's side; nothing follows. OK: replaced by a newer stream or
  // shutdown.
  virtual void Close(absl::Status status) = 0;
};

// Names one worker stream.
using SessionId = int64_t;

// A committed change. `sequence` orders all changes of this leader.
struct JobChange {
  int64_t sequence = 0;
  bool progress_only = false;  // May be dropped when a newer one of the same job follows.
  bool is_deletion = false;    // The job was deleted: the view holds no more than its name.
  std::shared_ptr<const JobView> view;
};

// Receives committed changes. Called from an engine thread; must not block. May call the scheduler,
// whose methods return at once.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  virtual void Changed(const JobChange& change) = 0;
  // It has had every change of its project up to `sequence`.
  virtual void Passed(int64_t sequence) { static_cast<void>(sequence); }
  // The watch ended on the scheduler's side, because this replica leads no more; nothing follows.
  // A watcher that comes back gets a new snapshot.
  virtual void Lost(const absl::Status& why) { static_cast<void>(why); }
};
using WatchId = int64_t;

// A project, queue or concurrency key ("{project}/{key}"), for operators.
struct GroupView {
  GroupLimit limit;
  int64_t waiting = 0;  // Jobs that are QUEUED.
  int64_t live = 0;     // Jobs that have not ended.
  int64_t running = 0;  // Jobs that hold a lease.
};

// Which groups to list.
struct GroupQuery {
  std::vector<GroupKind> kinds;  // Ascending.
  std::string after;             // A name of the first kind; "": from the first.
  size_t limit = 0;              // How many at most.
};

// An unfinished job that does not get on.
struct StuckView {
  JobKey key = 0;
  StuckDiagnosis diagnosis = StuckDiagnosis::kNoProgress;
  JobView job;
  bool worker_connected = false;
  // Boot clock, as far as this leader has seen it: of an attempt how long it runs and how long it
  // got no further, of a job that waits for how long.
  absl::Duration lease_age;
  absl::Duration no_progress_for;
  absl::Duration waiting_for;
};

// Which stuck jobs to list: by key.
struct StuckQuery {
  std::string project;                      // "": of all.
  std::optional<StuckDiagnosis> diagnosis;  // Nothing: with any.
  StuckLimits limits;
  std::vector<JobName> names;  // Empty: all.
  bool only_running = false;   // Not those that wait for a worker.
  JobKey after = 0;
  size_t limit = 0;
};

struct StuckList {
  std::vector<StuckView> jobs;  // The first `limit` of them.
  int64_t total = 0;            // After any key.
  // Jobs that wait for workers that are not there, beyond the window of records: how long is not
  // known in memory.
  int64_t unlisted = 0;
};

// What an operator has done to a stuck job.
struct Recovery {
  RecoverAction action = RecoverAction::kRelease;
  int64_t version = 0;  // Of the job as it was listed.
  std::string reason;
  std::string actor;
};

// Whether a webhook is there or was deleted.
enum class WebhookPresence { kThere, kGone };

// A worker that is connected or drained, for operators.
struct WorkerView {
  std::string instance;
  bool is_connected = false;
  std::optional<WorkerDrain> drain;  // By an operator.
  std::string version;
  std::vector<std::string> stages;
  std::map<std::string, std::string> labels;
  int32_t slots = 0;
  bool draining = false;  // As it says itself.
  absl::Time connect_time;
  absl::Time last_report_time;
  std::vector<JobName> jobs;
};

struct SchedulerStats {
  std::map<JobState, int64_t> jobs_by_state;
  int32_t workers = 0;
  int32_t slots = 0;
  int32_t slots_busy = 0;
  std::optional<absl::Duration> oldest_queued_age;
  std::vector<FlowWindow> windows;
  int64_t epoch = 0;
};

// Ended jobs that nobody makes live again until the reservation ends.
struct DeletionReservation {
  int64_t epoch = 0;                   // Of the leader that keeps them so.
  JobKey keys_below = 0;               // Greater than those of all jobs so far.
  std::vector<JobName> names;          // Of those that are reserved.
  std::vector<absl::Status> refusals;  // One a job that was asked for, in order; OK: reserved.
};

class Scheduler : public JobControl {
 public:
  // All references outlive the scheduler. Start() begins the work.
  Scheduler(SchedulerOptions options, JobStore& store, const Clock& clock, EngineMetrics& metrics,
            EndListener ends = {});
  // Calls Stop().
  ~Scheduler() override;

  // Starts the threads: competes for leadership, loads the live jobs, serves.
  void Start();
  // Hands leadership over, tells workers to reconnect, fails what is pending with UNAVAILABLE
  // DRAINING, joins.
  void Stop();
  // Whether this replica leads and has loaded its jobs: what /readyz says. Until then every call
  // below is answered with UNAVAILABLE (reason NOT_LEADER or DATABASE_UNAVAILABLE).
  bool IsServing() const;

  void Submit(JobRecord record, std::function<void(absl::StatusOr<SubmitResult>)> done) override;
  void Cancel(const JobName& name, const std::string& reason, const std::string& actor,
              std::function<void(absl::StatusOr<JobView>)> done) override;
  void SubmitAll(std::vector<JobRecord> records, BulkDone done) override;
  void Pause(const JobName& name, const std::string& reason, const std::string& actor,
             std::function<void(absl::StatusOr<JobView>)> done) override;
  void Resume(const JobName& name, const std::string& reason, const std::string& actor,
              std::function<void(absl::StatusOr<JobView>)> done) override;
  void Skip(const JobName& name, const JobFailure& why, const std::string& actor,
            std::function<void(absl::StatusOr<JobView>)> done) override;
  void ReserveReopen(const JobName& name,
                     std::function<void(absl::StatusOr<int64_t>)> done) override;
  void Reopen(int64_t reservation, const JobName& name, absl::StatusOr<JobRecord> record,
              RetryFrom from, const std::string& reason, const std::string& actor,
              std::function<void(absl::StatusOr<JobView>)> done) override;
  // Deletes ended jobs, in two steps: after the reservation the caller has their records deleted,
  // as the leader of its epoch, and says what went. Between the two nobody makes them live again,
  // and all that was decided about them before is durable. FAILED_PRECONDITION (ILLEGAL_TRANSITION)
  // for a job that lives in memory.
  void ReserveDeletion(std::vector<JobName> names,
                       std::function<void(absl::StatusOr<DeletionReservation>)> done);
  void EndDeletion(DeletionReservation reservation, std::vector<DeletedJob> deleted);
  // Makes a recorded limit effective. Lists the first `limit` groups of these kinds after a name,
  // those of a kind by name: projects and queues there are, concurrency keys with a live job.
  void SetLimit(const GroupLimit& limit, std::function<void(absl::StatusOr<GroupView>)> done);
  void ListGroups(GroupQuery query,
                  std::function<void(absl::StatusOr<std::vector<GroupView>>)> done);
  void ListStuck(StuckQuery query, std::function<void(absl::StatusOr<StuckList>)> done);
  // Ends the attempt of a running job, or a job that waits. ABORTED (JOB_CHANGED) when it is not
  // what it was when it was listed; FAILED_PRECONDITION (ILLEGAL_TRANSITION); NOT_FOUND as of
  // Cancel.
  void Recover(const JobName& name, Recovery recovery,
               std::function<void(absl::StatusOr<JobView>)> done);
  // Makes a recorded drain of a worker effective, or, without one, that it is drained no more.
  void SetDrain(const std::string& worker, std::optional<WorkerDrain> drain,
                std::function<void(absl::StatusOr<WorkerView>)> done);
  // Makes a recorded webhook, or its end, effective: once `done` says OK, every end of a job that
  // is decided is recorded for it, or none any more.
  void SetWebhook(const WebhookPlace& webhook, WebhookPresence presence,
                  std::function<void(absl::Status)> done);
  // Returns those among `ids` that live and whose records are in memory, with progress and wait
  // reason; an empty list means all of `project`. What is returned is committed; UNAVAILABLE
  // (DATABASE_UNAVAILABLE) when an outage keeps a change of theirs from being so.
  void GetLiveJobs(const std::string& project, std::vector<std::string> ids,
                   std::function<void(absl::StatusOr<std::vector<JobView>>)> done);
  // Returns recorded jobs as they are now, in their order: those in memory as of GetLiveJobs(), the
  // others as recorded, with what a waiting one waits for.
  void ShowRecords(std::vector<JobRecord> records,
                   std::function<void(absl::StatusOr<std::vector<JobView>>)> done);
  void GetStats(std::function<void(absl::StatusOr<SchedulerStats>)> done);
  void ListWorkers(std::function<void(absl::StatusOr<std::vector<WorkerView>>)> done);

  // Opens a session; a session of the same instance is closed first. The sink gets Welcome, then
  // Turns; it is kept alive until Close() was called on it or CloseSession() returned and its last
  // call ended.
  SessionId OpenSession(WorkerHello hello, std::shared_ptr<WorkerSink> sink);
  // Takes a report in. Unknown sessions are ignored. Calls `taken` once when the report waits no
  // more, from within the call after Stop(): a caller bounds with it how many wait.
  void HandleReport(SessionId session, WorkerReport report, std::function<void()> taken);
  // The stream broke: its leases have broken_stream_ttl left unless the worker comes back.
  void CloseSession(SessionId session);

  // Starts a watch of `project`: the sink gets every change committed from now on, and first those
  // after `resume_after` when it is not 0. OUT_OF_RANGE (WATCH_TOKEN_EXPIRED) when they are not
  // kept any more.
  absl::StatusOr<WatchId> OpenWatch(const std::string& project, int64_t resume_after,
                                    std::shared_ptr<WatchSink> sink);
  // Ends a watch. A call that runs may still end after this returns; none starts.
  void CloseWatch(WatchId watch);
  // The sequence of the newest committed change, for bookmarks; epoch in the high bits, so that
  // tokens of an earlier leader are recognised.
  int64_t LastChange() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dq
