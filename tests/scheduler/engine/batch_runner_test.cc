// Batches carried on by the real driver and scheduler on the store in memory, with a worker that
// does what the operation says.
#include "scheduler/engine/batch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "scheduler/core/batch_rollup.h"
#include "scheduler/core/batch_wish.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/fake_store.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kBroken[] = "broken";
constexpr char kImpossible[] = "impossible";

SchedulerOptions QuickOptions(const std::string& instance) {
  SchedulerOptions options;
  options.instance = instance;
  options.leadership_renew_interval = absl::Milliseconds(20);
  return options;
}

BatchRunnerOptions QuickRunner() {
  return {absl::Milliseconds(100), absl::Milliseconds(5), absl::Milliseconds(2),
          absl::Milliseconds(5)};
}

absl::StatusOr<JobRecord> MakeOperation(const BatchRecord& batch, const BatchOperation& operation) {
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

// A scheduler with its runner: one replica.
class Replica {
 public:
  Replica(const std::string& instance, FakeStore& store)
      : runner_(store, SystemClock(), QuickRunner()),
        scheduler_(QuickOptions(instance), store, SystemClock(), metrics_,
                   {.ended = {}, .reopening = {}, .operation_ended = [this](BatchKey key) {
                      runner_.Wake(key);
                    }}) {
    scheduler_.Start();
    EXPECT_TRUE(WaitUntil([this] { return scheduler_.IsServing(); }));
    runner_.Start(scheduler_, std::make_unique<BatchDriver>(scheduler_, store, store, MakeOperation,
                                                            SystemClock()));
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
  void Retry(Replica& replica) {
    Wish(replica, [](BatchRecord& batch) {
      batch.desire = BatchDesire::kRun;
      batch.reopen_from = 1;
      if (batch.refused > 0) batch.made = 0;
      batch.refused = 0;
      batch.end_time = absl::InfinitePast();
    });
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

TEST_F(BatchRunnerTest, EveryOperationBecomesOneJobAndTheBatchEndsWithThem) {
  Create({}, {"1", "2", "3", "4", "5"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 2);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_EQ(store_.Jobs().size(), 5U);
}

TEST_F(BatchRunnerTest, AFailedOperationStopsNoOtherAndARetryRunsItAlone) {
  Create({}, {"1", kBroken, "3", "4"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 2);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kPartialSuccess);
  EXPECT_THAT(States(), ElementsAre(JobState::kCompleted, JobState::kFailed, JobState::kCompleted,
                                    JobState::kCompleted));
  worker.mended = true;
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_EQ(worker.Granted().size(), 5U);
  EXPECT_EQ(worker.Granted().back(), "b-2");
}

TEST_F(BatchRunnerTest, ASequenceRunsOneAfterTheOther) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  Create(batch, {"1", kBroken, "3"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 3);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_THAT(worker.Granted(), ElementsAre("b-1", "b-2", "b-3"));
  EXPECT_EQ(State(), BatchState::kPartialSuccess);
}

TEST_F(BatchRunnerTest, ASequenceThatStopsOnErrorsSkipsTheRestAndARetryGoesOnInOrder) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  batch.stop_on_error = true;
  Create(batch, {"1", kBroken, "3", "4"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 3);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_THAT(States(), ElementsAre(JobState::kCompleted, JobState::kFailed, JobState::kSkipped,
                                    JobState::kSkipped));
  EXPECT_EQ(State(), BatchState::kPartialSuccess);
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_THAT(States(), ElementsAre(JobState::kCompleted, JobState::kFailed, JobState::kSkipped,
                                    JobState::kSkipped));
  worker.mended = true;
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_THAT(worker.Granted(), ElementsAre("b-1", "b-2", "b-2", "b-2", "b-3", "b-4"));
}

TEST_F(BatchRunnerTest, AParallelBatchThatStopsOnErrorsSkipsWhatWaits) {
  BatchRecord batch;
  batch.stop_on_error = true;
  Create(batch, {kBroken, "2", "3", "4"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 1; }));
  ASSERT_TRUE(WaitUntil([&] {
    if (View().record.desire != BatchDesire::kStop || !HasEnded()) worker.Work();
    return HasEnded();
  }));
  const BatchCounts counts = CountOperations(View());
  EXPECT_EQ(counts.failed, 1);
  EXPECT_GT(counts.skipped, 0);
  for (const auto& [key, job] : store_.Jobs()) {
    if (job.status.state != JobState::kSkipped) continue;
    EXPECT_EQ(job.status.error.reason, "BATCH_STOPPED");
  }
}

TEST_F(BatchRunnerTest, ACancelledBatchSkipsWhatWaitsAndCancelsWhatRuns) {
  Create({}, {"1", "2", "3"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 1; }));
  Wish(replica, [](BatchRecord& batch) { batch.desire = BatchDesire::kCancel; });
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).skipped == 2; }));
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).cancelling == 1; }));
  EXPECT_EQ(State(), BatchState::kCancelling);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCancelled);
  EXPECT_THAT(States(), ElementsAre(JobState::kCancelled, JobState::kSkipped, JobState::kSkipped));
}

TEST_F(BatchRunnerTest, OperationsThatAreNoJobsYetAreSkippedTooByACancel) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  Create(batch, {"1", "2", "3"});
  Replica replica("s1", store_);
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).queued == 1; }));
  Wish(replica, [](BatchRecord& wished) { wished.desire = BatchDesire::kCancel; });
  ASSERT_TRUE(WaitUntil([&] { return HasEnded(); }));
  EXPECT_THAT(States(), ElementsAre(JobState::kSkipped, JobState::kSkipped, JobState::kSkipped));
  EXPECT_EQ(State(), BatchState::kCancelled);
}

TEST_F(BatchRunnerTest, APausedBatchStandsStillUntilItIsResumed) {
  Create({}, {"1", "2", "3"});
  Replica replica("s1", store_);
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).queued == 3; }));
  Wish(replica, [](BatchRecord& batch) { batch.desire = BatchDesire::kPause; });
  ASSERT_TRUE(WaitUntil([&] { return State() == BatchState::kPaused; }));
  Worker worker(replica.scheduler(), 3);
  EXPECT_THAT(worker.Granted(), IsEmpty());
  Wish(replica, [](BatchRecord& batch) { batch.desire = BatchDesire::kResume; });
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_EQ(View().record.desire, BatchDesire::kRun);
}

TEST_F(BatchRunnerTest, AnOperationThatIsStillBeingPausedIsResumedOnceItIs) {
  Create({}, {"1"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 1; }));
  Wish(replica, [](BatchRecord& batch) { batch.desire = BatchDesire::kPause; });
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).pausing == 1; }));
  Wish(replica, [](BatchRecord& batch) { batch.desire = BatchDesire::kResume; });
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_EQ(worker.Granted().size(), 2U);
}

TEST_F(BatchRunnerTest, AWishThatIsRecordedDuringAStepIsNotOverwritten) {
  const BatchRecord batch = Create({}, {"1", "2"});
  RecordingMetrics metrics;
  Scheduler scheduler(QuickOptions("s1"), store_, SystemClock(), metrics);
  scheduler.Start();
  ASSERT_TRUE(WaitUntil([&] { return scheduler.IsServing(); }));
  const auto cancel = [&](const BatchRecord& made, const BatchOperation& operation) {
    BatchRecord wished = View().record;
    wished.desire = BatchDesire::kCancel;
    EXPECT_TRUE(store_.UpdateBatch(wished, {}).ok());
    return MakeOperation(made, operation);
  };
  BatchDriver driver(scheduler, store_, store_, cancel, SystemClock());
  EXPECT_EQ(driver.Step(batch.key), BatchPace::kAtOnce);
  EXPECT_EQ(View().record.desire, BatchDesire::kCancel);
  EXPECT_EQ(View().record.made, 0);
  EXPECT_EQ(driver.Step(batch.key), BatchPace::kAtOnce);
  EXPECT_THAT(States(), ElementsAre(JobState::kSkipped, JobState::kSkipped));
}

TEST_F(BatchRunnerTest, AnOperationThatCanBeNoJobCountsAsFailedUntilARetryMakesIt) {
  const BatchRecord batch = Create({}, {"1", kImpossible, "3"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 2);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kPartialSuccess);
  EXPECT_EQ(View().record.refused, 1);
  EXPECT_EQ((*store_.LoadOperations(batch.key, 1, 1))[0].refusal, "no such file");
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(View().record.refused, 1);
  EXPECT_EQ(store_.Jobs().size(), 2U);
}

TEST_F(BatchRunnerTest, ALargeBatchNeverHasMoreLiveJobsThanTheWindow) {
  Create({}, std::vector<std::string>(kOperationsLiveMax + 700, "x"));
  Replica replica("s1", store_);
  ASSERT_TRUE(WaitUntil([&] { return View().record.made == kOperationsLiveMax; }));
  Worker worker(replica.scheduler(), 400);
  int64_t most = 0;
  ASSERT_TRUE(WaitUntil([&] {
    worker.Work();
    const BatchCounts counts = CountOperations(View());
    most = std::max(most, View().record.made - Ended(counts));
    return HasEnded();
  }));
  EXPECT_LE(most, kOperationsLiveMax);
  EXPECT_EQ(State(), BatchState::kCompleted);
}

TEST_F(BatchRunnerTest, ANewLeaderGoesOnWhereTheOneBeforeHasStopped) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  Create(batch, {"1", "2", "3"});
  {
    Replica first("s1", store_);
    Worker worker(first.scheduler(), 1);
    ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 1; }));
    worker.Work();
    ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 2; }));
  }
  Replica second("s2", store_);
  Worker worker(second.scheduler(), 1);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(store_.Jobs().size(), 3U);
  EXPECT_EQ(State(), BatchState::kCompleted);
}

TEST_F(BatchRunnerTest, AnOutageInTheMiddleMakesNoOperationTwiceAndLosesNone) {
  Create({}, {"1", "2", "3", "4", "5", "6"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 2);
  store_.FailNextCommits(
      {CommitFault::kWrittenButNotTold, CommitFault::kNotWritten, CommitFault::kWrittenButNotTold});
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_EQ(store_.Jobs().size(), 6U);
}

// A batch that is led by one replica after the other, while commits fail and people change their
// minds.
class TroubledBatchTest : public BatchRunnerTest, public ::testing::WithParamInterface<uint32_t> {
 protected:
  uint32_t Draw(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  void CreateSome() {
    BatchRecord batch;
    batch.mode = Draw(2) == 0 ? BatchMode::kParallel : BatchMode::kSequential;
    batch.stop_on_error = Draw(3) == 0;
    std::vector<std::string> requests(1 + Draw(10), "x");
    for (std::string& request : requests) {
      if (Draw(5) == 0) request = kBroken;
      if (Draw(12) == 0) request = kImpossible;
      if (request == kImpossible) ++impossible_;
    }
    Create(batch, requests);
  }
  void MakeTrouble(Replica& replica) {
    std::vector<CommitFault> faults;
    for (uint32_t i = Draw(4); i > 0; --i) {
      faults.push_back(Draw(2) == 0 ? CommitFault::kWrittenButNotTold : CommitFault::kNotWritten);
    }
    if (Draw(6) == 0) faults.push_back(CommitFault::kFenced);
    store_.FailNextCommits(faults);
    const uint32_t wish = Draw(12);
    const auto wished = wish == 0   ? WishCancel
                        : wish < 3  ? WishPause
                        : wish < 6  ? WishResume
                        : wish == 6 ? WishRetry
                                    : nullptr;
    if (wished == nullptr) return;
    absl::StatusOr<BatchRecord> record = wished(View(), SystemClock().Now());
    if (!record.ok()) return;
    if (store_.UpdateBatch(*record, {}).ok() && wish == 0) is_cancelled_ = true;
    replica.runner().Wake(record->key);
  }
  // Expects that no operation of a sequence was granted before the one before it had ended.
  void ExpectOrder() {
    std::map<int32_t, absl::Time> first_end;
    std::map<int32_t, absl::Time> first_claim;
    const auto events = store_.Events();
    for (const auto& [key, job] : store_.Jobs()) {
      for (const JobEventRecord& event : events.at(key)) {
        if (event.event == JobEvent::kClaim) first_claim.try_emplace(job.batch.index, event.time);
        if (IsTerminal(event.to)) first_end.try_emplace(job.batch.index, event.time);
      }
    }
    for (const auto& [index, time] : first_claim) {
      if (const auto before = first_end.find(index - 1); before != first_end.end()) {
        EXPECT_GE(time, before->second) << "operation " << index;
      }
    }
  }

  std::mt19937 random_{GetParam()};
  int32_t impossible_ = 0;  // Operations that can be no job.
  bool is_cancelled_ = false;
};
INSTANTIATE_TEST_SUITE_P(Seeds, TroubledBatchTest, ::testing::Range(1U, 17U));

TEST_P(TroubledBatchTest, MakesEveryOperationOnceAndEndsWhoeverLeads) {
  CreateSome();
  for (int life = 0; life < 6; ++life) {
    Replica replica("s" + std::to_string(life), store_);
    Worker worker(replica.scheduler(), 2);
    for (uint32_t rounds = 1 + Draw(6); rounds > 0; --rounds) {
      MakeTrouble(replica);
      const int64_t commits = store_.CommitCount();
      worker.Work();
      (void)WaitUntil([&] { return store_.CommitCount() > commits || HasEnded(); },
                      absl::Milliseconds(20));
    }
  }
  store_.FailNextCommits({});
  Replica last("last", store_);
  const absl::StatusOr<BatchRecord> resumed = WishResume(View(), SystemClock().Now());
  if (resumed.ok()) Wish(last, [](BatchRecord& batch) { batch.desire = BatchDesire::kResume; });
  Worker worker(last.scheduler(), 2);
  ASSERT_TRUE(RunToEnd(worker));
  const BatchView view = View();
  EXPECT_TRUE(IsSettled(view));
  std::set<int32_t> indices;
  for (const auto& [key, job] : store_.Jobs()) EXPECT_TRUE(indices.insert(job.batch.index).second);
  EXPECT_EQ(view.record.refused, impossible_);
  EXPECT_EQ(std::ssize(indices) + impossible_, view.record.operations);
  if (is_cancelled_ && view.record.retries == 0) {
    EXPECT_THAT(RollUp(view), AnyOf(BatchState::kCancelled, BatchState::kCompleted));
  }
  if (view.record.mode == BatchMode::kSequential && view.record.retries == 0) ExpectOrder();
}

}  // namespace
}  // namespace dq
