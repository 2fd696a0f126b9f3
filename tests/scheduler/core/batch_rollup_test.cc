#include "scheduler/core/batch_rollup.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

BatchView View(int32_t operations, std::map<JobState, int64_t> jobs) {
  BatchView view;
  view.record.operations = operations;
  view.record.made = operations;
  view.jobs = std::move(jobs);
  return view;
}

TEST(BatchRollup, OperationsThatAreNoJobsYetCountAsPending) {
  BatchView view = View(10, {{JobState::kQueued, 2}, {JobState::kPending, 1}});
  view.record.made = 3;
  EXPECT_EQ(CountOperations(view).pending, 8);
  EXPECT_EQ(CountOperations(view).queued, 2);
}

TEST(BatchRollup, RefusedOperationsCountAsFailed) {
  BatchView view = View(3, {{JobState::kCompleted, 2}});
  view.record.refused = 1;
  EXPECT_EQ(CountOperations(view).failed, 1);
  EXPECT_EQ(CountOperations(view).pending, 0);
  EXPECT_EQ(RollUp(view), BatchState::kPartialSuccess);
}

TEST(BatchRollup, ASettledBatchIsWhatItsOperationsBecame) {
  EXPECT_EQ(RollUp(View(2, {{JobState::kCompleted, 2}})), BatchState::kCompleted);
  EXPECT_EQ(RollUp(View(2, {{JobState::kFailed, 2}})), BatchState::kFailed);
  EXPECT_EQ(RollUp(View(2, {{JobState::kFailed, 1}, {JobState::kSkipped, 1}})),
            BatchState::kFailed);
  EXPECT_EQ(RollUp(View(2, {{JobState::kFailed, 1}, {JobState::kCompleted, 1}})),
            BatchState::kPartialSuccess);
  EXPECT_EQ(RollUp(View(2, {{JobState::kCancelled, 1}, {JobState::kCompleted, 1}})),
            BatchState::kPartialSuccess);
  EXPECT_EQ(RollUp(View(2, {{JobState::kCancelled, 1}, {JobState::kSkipped, 1}})),
            BatchState::kCancelled);
}

TEST(BatchRollup, ACancelledBatchIsCancellingUntilAllHasEndedThenCancelled) {
  BatchView view =
      View(3, {{JobState::kCompleted, 1}, {JobState::kCancelling, 1}, {JobState::kSkipped, 1}});
  view.record.desire = BatchDesire::kCancel;
  EXPECT_EQ(RollUp(view), BatchState::kCancelling);
  view.jobs = {{JobState::kCompleted, 1}, {JobState::kCancelled, 1}, {JobState::kSkipped, 1}};
  EXPECT_EQ(RollUp(view), BatchState::kCancelled);
  view.jobs = {{JobState::kCompleted, 3}};
  EXPECT_EQ(RollUp(view), BatchState::kCompleted);
}

TEST(BatchRollup, ACancelledBatchWhoseOperationLivesAgainIsNotCancelling) {
  BatchView view = View(2, {{JobState::kQueued, 1}, {JobState::kSkipped, 1}});
  view.record.desire = BatchDesire::kCancel;
  view.record.end_time = absl::FromUnixSeconds(1);
  EXPECT_EQ(RollUp(view), BatchState::kProcessing);
}

TEST(BatchRollup, ABatchIsPendingUntilAnOperationRunsOrEnds) {
  EXPECT_EQ(RollUp(View(2, {})), BatchState::kPending);
  EXPECT_EQ(RollUp(View(2, {{JobState::kQueued, 2}})), BatchState::kPending);
  EXPECT_EQ(RollUp(View(2, {{JobState::kQueued, 1}, {JobState::kProcessing, 1}})),
            BatchState::kProcessing);
  EXPECT_EQ(RollUp(View(2, {{JobState::kQueued, 1}, {JobState::kCompleted, 1}})),
            BatchState::kProcessing);
}

TEST(BatchRollup, APausedBatchIsPausedOnceNothingRuns) {
  BatchView view = View(3, {{JobState::kPaused, 2}, {JobState::kPausing, 1}});
  view.record.desire = BatchDesire::kPause;
  EXPECT_EQ(RollUp(view), BatchState::kProcessing);
  view.jobs = {{JobState::kPaused, 3}};
  EXPECT_EQ(RollUp(view), BatchState::kPaused);
}

TEST(BatchRollup, ABatchIsNotSettledWhileARetryIsUnderWay) {
  BatchView view = View(2, {{JobState::kFailed, 1}, {JobState::kCompleted, 1}});
  view.record.reopen_from = 1;
  EXPECT_FALSE(IsSettled(view));
  EXPECT_EQ(RollUp(view), BatchState::kProcessing);
}

TEST(BatchRollup, PercentCountsEndedOperationsAndSharesOfRunningOnes) {
  const BatchView view =
      View(4, {{JobState::kCompleted, 1}, {JobState::kFailed, 1}, {JobState::kProcessing, 2}});
  EXPECT_DOUBLE_EQ(PercentComplete(view, 0), 50);
  EXPECT_DOUBLE_EQ(PercentComplete(view, 1), 75);
  EXPECT_DOUBLE_EQ(PercentComplete(View(2, {{JobState::kSkipped, 2}}), 0), 100);
}

TEST(BatchRollup, TheRestTakesAsLongAsThisRunHasTakenForItsPart) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  BatchView view = View(5, {{JobState::kCompleted, 2}, {JobState::kProcessing, 1}});
  view.record.run_time = start;
  EXPECT_EQ(TimeRemaining(view, 0, start + absl::Seconds(20)), absl::Seconds(30));
  view.record.run_completed = 1;  // A retry: only one of them was completed in it.
  EXPECT_EQ(TimeRemaining(view, 0, start + absl::Seconds(20)), absl::Seconds(60));
  view.record.run_completed = 2;
  EXPECT_EQ(TimeRemaining(view, 0, start + absl::Seconds(20)), std::nullopt);
  EXPECT_EQ(TimeRemaining(View(1, {{JobState::kQueued, 1}}), 0, start), std::nullopt);
}

// One that is expanded: `operations` of `found` are recorded.
BatchView Expanded(BatchExpansion expansion, int32_t operations, int32_t found,
                   std::map<JobState, int64_t> jobs) {
  BatchView view = View(operations, std::move(jobs));
  view.record.expansion = expansion;
  view.record.found = found;
  return view;
}

TEST(BatchRollup, ABatchThatIsExpandedHasWhatItsSourceMakesAndIsNotSettled) {
  EXPECT_EQ(RollUp(Expanded(BatchExpansion::kGoing, 0, 0, {})), BatchState::kPending);
  EXPECT_EQ(PercentComplete(Expanded(BatchExpansion::kGoing, 0, 0, {}), 0), 0);
  const BatchView view = Expanded(BatchExpansion::kGoing, 2, 8, {{JobState::kCompleted, 2}});
  EXPECT_FALSE(IsSettled(view));
  EXPECT_EQ(RollUp(view), BatchState::kProcessing);
  EXPECT_EQ(OperationsOf(view.record), 8);
  EXPECT_EQ(CountOperations(view).pending, 6);
  EXPECT_EQ(PercentComplete(view, 0), 25);
  EXPECT_EQ(RollUp(Expanded(BatchExpansion::kDone, 2, 2, {{JobState::kCompleted, 2}})),
            BatchState::kCompleted);
}

TEST(BatchRollup, ABatchWhoseExpansionWasHaltedIsNeverCompleted) {
  EXPECT_EQ(RollUp(Expanded(BatchExpansion::kHalted, 0, 0, {})), BatchState::kFailed);
  BatchView view = Expanded(BatchExpansion::kHalted, 2, 8, {{JobState::kCompleted, 2}});
  EXPECT_EQ(RollUp(view), BatchState::kPartialSuccess);
  EXPECT_EQ(OperationsOf(view.record), 2);
  view.record.desire = BatchDesire::kCancel;
  EXPECT_EQ(RollUp(view), BatchState::kCancelled);
}

}  // namespace
}  // namespace dq
