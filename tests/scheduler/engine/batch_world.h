// Batches carried on by the real driver and scheduler on the store in memory, with a worker that
// does what the operation says. For one test thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/mutex.h"
#include "scheduler/core/batch_rollup.h"
#include "scheduler/core/batch_wish.h"
#include "scheduler/engine/answers.h"
#include "scheduler/engine/batch_driver.h"
#include "scheduler/engine/batch_runner.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/fake_store.h"
#include "tests/support/wait_until.h"

namespace dq {

inline constexpr char kBroken[] = "broken";
inline constexpr char kImpossible[] = "impossible";

inline SchedulerOptions QuickOptions(const std::string& instance) {
  SchedulerOptions options;
  options.instance = instance;
  options.leadership_renew_interval = absl::Milliseconds(20);
  return options;
}

inline BatchRunnerOptions QuickRunner() {
  return {absl::Milliseconds(100), absl::Milliseconds(5), absl::Milliseconds(2),
          absl::Milliseconds(5)};
}

inline absl::StatusOr<JobRecord> MakeOperation(const BatchRecord& batch,
                                               const BatchOperation& operation) {
  if (operation.request == kImpossible) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_READY", "no such file");
  }
  JobRecord job;
  job.name = {batch.project, batch.id + "-" + std::to_string(operation.index)};
  job.created_by = batch.created_by;
  job.rules.stages = {"noop"};
  job.rules.max_attempts = 1;
  job.payload.grant = operation.request;
  return job;
}

inline ReadJobsByName ReadingFrom(FakeStore& store) {
  return [&store](const std::vector<JobName>& names) { return store.LoadJobs({}, names); };
}

// The files of the operations of one batch, by index: there, or deleted. Thread-safe.
class InputFiles {
 public:
  void Delete(int32_t index) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    deleted_.insert(index);
  }
  void PutBack(int32_t index) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    deleted_.erase(index);
  }
  // Makes operations whose files are there.
  OperationMaker maker() {
    return [this](const BatchRecord& batch, const BatchOperation& operation) {
      BatchOperation asked = operation;
      MutexLock lock(mutex_);
      if (deleted_.contains(operation.index)) asked.request = kImpossible;
      return MakeOperation(batch, asked);
    };
  }

 private:
  Mutex mutex_;
  std::set<int32_t> deleted_ GUARDED_BY(mutex_);
};

// A scheduler with its runner: one replica.
class Replica {
 public:
  Replica(const std::string& instance, FakeStore& store, OperationMaker maker = MakeOperation)
      : runner_(store, SystemClock(), QuickRunner()),
        scheduler_(QuickOptions(instance), store, SystemClock(), metrics_,
                   {.ended = {}, .reopening = {}, .operation_ended = [this](BatchKey key) {
                      runner_.Wake(key);
                    }}) {
    scheduler_.Start();
    EXPECT_TRUE(WaitUntil([this] { return scheduler_.IsServing(); }));
    runner_.Start(scheduler_, std::make_unique<BatchDriver>(scheduler_, ReadingFrom(store), store,
                                                            std::move(maker), SystemClock()));
  }
  ~Replica() {
    runner_.Stop();
    scheduler_.Stop();
  }

  Scheduler& scheduler() { return scheduler_; }
  BatchRunner& runner() { return runner_; }

 private:
  RecordingMetrics metrics_;
  BatchRunner runner_;
  Scheduler scheduler_;
};

// Ends what it is granted: as FAILED what is broken, when Work() is called.
class Worker {
 public:
  Worker(Scheduler& scheduler, int slots) : scheduler_(scheduler), slots_(slots) {
    WorkerHello hello;
    hello.instance = "w1";
    hello.stages = {"noop"};
    hello.slots = slots;
    session_ = scheduler.OpenSession(hello, sink_);
  }

  // The operations that it has been granted, in order.
  std::vector<std::string> Granted() const {
    std::vector<std::string> ids;
    for (const WorkerGrant& grant : sink_->grants()) ids.push_back(grant.lease.job.id);
    return ids;
  }
  // Reports the end of everything that was granted, again and again until it is closed.
  void Work() {
    WorkerReport report;
    report.sequence = ++sequence_;
    const std::vector<LeaseId> closings = sink_->closings();
    const std::set<LeaseId> closed(closings.begin(), closings.end());
    std::set<LeaseId> revoked;
    for (const WorkerRevocation& one : sink_->revocations()) revoked.insert(one.lease);
    for (const WorkerGrant& grant : sink_->grants()) {
      if (closed.contains(grant.lease)) continue;
      const auto [entry, is_new] = ends_.try_emplace(grant.lease, CompletedOutcome{});
      const bool broken = grant.grant_payload == kBroken && !mended;
      if (is_new && broken) entry->second = FailedOutcome{Failure(), false};
      if (revoked.contains(grant.lease)) entry->second = StoppedOutcome{};
      report.leases.push_back({grant.lease, entry->second});
    }
    report.free_slots = slots_;
    scheduler_.HandleReport(session_, std::move(report), [] {});
  }

  bool mended = false;

 private:
  static JobFailure Failure() { return {"PARSE_FAILED", "broken", {{"category", "file"}}}; }

  Scheduler& scheduler_;
  const int slots_;
  const std::shared_ptr<RecordingWorkerSink> sink_ = std::make_shared<RecordingWorkerSink>();
  SessionId session_ = 0;
  int64_t sequence_ = 0;
  std::map<LeaseId, Outcome> ends_;
};

class BatchRunnerTest : public ::testing::Test {
 protected:
  BatchRecord Create(BatchRecord batch, const std::vector<std::string>& requests) {
    batch.project = "default";
    batch.id = "b";
    batch.uid = "uid";
    batch.created_by = "tester";
    batch.operations = static_cast<int32_t>(requests.size());
    batch.run_time = batch.create_time = SystemClock().Now();
    return store_.CreateBatch(batch, requests)->record;
  }
  BatchView View() { return *store_.GetBatch("default", "b"); }
  BatchState State() { return RollUp(View()); }
  bool HasEnded() { return View().record.end_time != absl::InfinitePast(); }
  // Writes a wish as the service does.
  void Wish(Replica& replica, const std::function<void(BatchRecord&)>& change) {
    absl::Status status;
    do {
      BatchRecord batch = View().record;
      change(batch);
      status = store_.UpdateBatch(batch, {});
    } while (absl::IsAborted(status));
    ASSERT_TRUE(status.ok()) << status;
    replica.runner().Wake(View().record.key);
  }
  using Wished = absl::StatusOr<BatchRecord>(const BatchView&, absl::Time);
  void Ask(Replica& replica, Wished* wished) {
    Wish(replica, [&](BatchRecord& batch) {
      const absl::StatusOr<BatchRecord> record = wished(View(), SystemClock().Now());
      ASSERT_TRUE(record.ok()) << record.status();
      batch = *record;
    });
  }
  void Retry(Replica& replica) { Ask(replica, WishRetry); }
  // Has a person run an operation again that has ended.
  void ReopenOperation(Replica& replica, const OperationJob& job) {
    const auto abandonment = std::make_shared<Abandonment>();
    Answers<absl::StatusOr<int64_t>> reserved(1, abandonment);
    replica.scheduler().ReserveReopen(job.name, reserved.Take(0));
    const absl::StatusOr<int64_t> reservation = reserved.Wait()->front();
    ASSERT_TRUE(reservation.ok()) << reservation.status();
    Answers<absl::StatusOr<JobView>> reopened(1, abandonment);
    replica.scheduler().Reopen(*reservation, job.name, store_.LoadJobs({job.key}, {})->front(),
                               RetryFrom::kCheckpoint, "again", "tester", reopened.Take(0));
    const absl::Status status = reopened.Wait()->front().status();
    ASSERT_TRUE(status.ok()) << status;
  }
  // Lets the worker work until the batch has ended.
  bool RunToEnd(Worker& worker) {
    return WaitUntil([&] {
      worker.Work();
      return HasEnded();
    });
  }
  std::vector<JobState> States() {
    std::vector<std::pair<int32_t, JobState>> states;
    for (const auto& [key, job] : store_.Jobs()) {
      states.emplace_back(job.batch.index, job.status.state);
    }
    std::ranges::sort(states);
    std::vector<JobState> ordered;
    for (const auto& [index, state] : states) ordered.push_back(state);
    return ordered;
  }

  FakeStore store_{SystemClock()};
};

}  // namespace dq
