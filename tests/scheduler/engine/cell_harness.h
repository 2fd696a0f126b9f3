// A cell with a clock that tests own and a store in memory, committed step by step.
// Single-threaded.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/cell.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"

namespace dq {

// The answer to a request, once it came.
template <typename Value>
using Answer = std::shared_ptr<std::optional<absl::StatusOr<Value>>>;

// A worker as the harness sees it: its stream and what it heard.
struct TestWorker {
  WorkerHello hello;
  std::shared_ptr<RecordingWorkerSink> sink;
  SessionId session = 0;
  int64_t sequence = 0;
};

class CellHarness {
 public:
  CellHarness() : CellHarness(SchedulerOptions()) {}
  explicit CellHarness(const SchedulerOptions& options)
      : watches(options.watch_backlog_messages_max), cell(options, Sources(), metrics, watches) {
    TakeOver();
  }

  // Acquires leadership as a new instance and loads what the store holds.
  void TakeOver() {
    clock.Advance(absl::Seconds(10));  // Longer than the TTL of an earlier leader.
    const std::string instance = "leader-" + std::to_string(++takeovers_);
    const int64_t epoch = store.AcquireLeadership(instance, "", absl::Seconds(5))->epoch;
    cell.TakeOver(Now(), epoch, *store.LoadLiveJobs(0, 1'000'000, {}), *store.LoadStateCounts());
  }

  Instant Now() const { return {clock.Now(), clock.Boot()}; }

  // Decides: runs timers and grants, and seals a batch; the commit does not happen yet.
  void Decide() {
    cell.Tick(Now());
    while (LoadRecords()) cell.Tick(Now());
    if (auto batch = cell.BatchToCommit(Now())) in_flight_ = std::move(batch);
  }
  // Reads what the cell wants to be read next, if anything.
  bool LoadRecords() {
    const std::optional<RecordsRequest> request = cell.RecordsToLoad(Now());
    if (!request) return false;
    EXPECT_TRUE(cell.RecordsLoaded(Now(), store.LoadJobs(request->keys, request->names)).ok());
    return true;
  }
  // Tries to commit the sealed batch, if any; returns whether none is left.
  bool TryCommit() {
    if (in_flight_ == nullptr) return true;
    absl::StatusOr<BatchResult> result = store.Commit(*in_flight_);
    if (absl::IsUnavailable(result.status())) {
      cell.DatabaseLost(Now());
      return false;
    }
    in_flight_ = nullptr;
    const absl::Status fits = result.ok() ? cell.CheckRefused(*result) : result.status();
    if (fits.ok()) {
      cell.Committed(Now(), *std::move(result));
    } else {
      cell.StepDown(fits);
    }
    watches.Deliver();
    return true;
  }
  // Decides and commits until nothing is left to do.
  void Settle() {
    do {
      Decide();
      while (!TryCommit()) {
      }
    } while (cell.HasPendingWrites());
  }
  // Moves time, stopping at every timer on the way as the run loop would.
  void Advance(absl::Duration step) {
    const absl::Time end = clock.Boot() + step;
    while (clock.Boot() < end) {
      const absl::Time due = std::max(cell.NextDue(Now()), clock.Boot() + absl::Milliseconds(1));
      clock.Advance(std::min(due, end) - clock.Boot());
      Settle();
    }
  }

  static JobRecord NewJob(const std::string& id) {
    JobRecord job;
    job.name = {"default", id};
    job.request_id = "request-" + id;
    job.request_hash = "hash";
    job.created_by = "tester";
    job.rules.stages = {"noop"};
    job.payload.grant = "grant of " + id;
    return job;
  }
  Answer<SubmitResult> Submit(JobRecord job) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<SubmitResult>>>();
    cell.Submit(Now(), std::move(job),
                [answer](absl::StatusOr<SubmitResult> result) { *answer = std::move(result); });
    return answer;
  }
  // Submits and waits until it is durable.
  void Create(const std::string& id) { Create(NewJob(id)); }
  void Create(JobRecord job) {
    Submit(std::move(job));
    Settle();
  }
  Answer<JobView> Cancel(const std::string& id, const std::string& why = "no longer needed") {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    cell.Cancel(Now(), {"default", id}, why, "tester",
                [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    return answer;
  }
  Answer<std::vector<JobView>> View(std::vector<std::string> ids) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<std::vector<JobView>>>>();
    cell.GetLiveJobs(Now(), "default", ids, [answer](absl::StatusOr<std::vector<JobView>> views) {
      *answer = std::move(views);
    });
    return answer;
  }

  // Opens a stream of a worker; `held` is what it says it runs.
  TestWorker Connect(const std::string& instance, int slots, std::vector<LeaseId> held = {},
                     std::vector<std::string> stages = {"noop"}) {
    TestWorker worker;
    worker.hello.instance = instance;
    worker.hello.slots = slots;
    worker.hello.stages = std::move(stages);
    worker.hello.held = std::move(held);
    worker.sink = std::make_shared<RecordingWorkerSink>();
    worker.session = ++sessions_;
    cell.OpenSession(Now(), worker.session, worker.hello, worker.sink);
    return worker;
  }
  void Report(TestWorker& worker, std::vector<LeaseReport> leases, int free_slots = 0) {
    cell.HandleReport(Now(), worker.session,
                      {++worker.sequence, std::move(leases), free_slots, false});
  }
  // Reports one lease and waits until what follows is durable.
  void ReportAndSettle(TestWorker& worker, const LeaseId& lease, const Outcome& outcome,
                       int free_slots = 0) {
    Report(worker, {{lease, outcome}}, free_slots);
    Settle();
  }

  JobRecord Stored(const std::string& id) { return *store.GetJob({"default", id}); }
  JobState StateOf(const std::string& id) { return Stored(id).status.state; }

  ManualClock clock;
  FakeStore store{clock};
  RecordingMetrics metrics;
  WatchHub watches;
  Cell cell;

 private:
  CellSources Sources() {
    return {.lease_token = [this] { return "token-" + std::to_string(++tokens_); },
            .uid = [this] { return "uid-" + std::to_string(++uids_); },
            .job_id = [this](absl::Time) { return "j-" + std::to_string(++ids_); },
            .file_id = [this](absl::Time) { return "f-" + std::to_string(++files_); }};
  }

  std::shared_ptr<const WriteBatch> in_flight_;
  int takeovers_ = 0;
  int sessions_ = 0;
  int tokens_ = 0;
  int uids_ = 0;
  int ids_ = 0;
  int files_ = 0;
};

inline LeaseReport Running(const LeaseId& lease, double percent = 1) {
  JobProgress progress;
  progress.percent = percent;
  return {lease, progress};
}
inline Outcome Completed() { return CompletedOutcome{}; }
inline Outcome Failed(const std::string& reason) {
  return FailedOutcome{{reason, "It broke.", {}}, true};
}
inline Outcome FailedForGood(const std::string& reason) {
  return FailedOutcome{{reason, "The input is bad.", {}}, false};
}

}  // namespace dq
