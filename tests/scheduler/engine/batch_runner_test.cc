// What becomes of a batch and its operations while one replica, or one after the other, leads.
#include "scheduler/engine/batch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/scheduler/engine/batch_world.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  BatchDriver driver(scheduler, ReadingFrom(store_), store_, cancel, SystemClock());
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

}  // namespace
}  // namespace dq
