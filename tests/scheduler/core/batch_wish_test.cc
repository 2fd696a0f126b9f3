#include "scheduler/core/batch_wish.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);

BatchView View(std::map<JobState, int64_t> jobs, BatchDesire desire = BatchDesire::kRun) {
  BatchView view;
  for (const auto& [state, count] : jobs) {
    view.record.operations += static_cast<int32_t>(count);
  }
  view.record.made = view.record.operations;
  view.record.desire = desire;
  view.jobs = std::move(jobs);
  return view;
}

TEST(BatchWish, ABatchAllOfWhichHasEndedIsRetriedBeforeItsEndIsRecorded) {
  BatchView view = View({{JobState::kFailed, 1}, {JobState::kCompleted, 1}});
  absl::StatusOr<BatchRecord> wished = WishRetry(view, kNow);
  ASSERT_TRUE(wished.ok()) << wished.status();
  EXPECT_EQ(wished->retries, 1);
  EXPECT_EQ(wished->reopen_from, 1);
  view.record = *wished;
  view.record.reopen_from = 0;  // It was reopened, and has failed again.
  wished = WishRetry(view, kNow);
  ASSERT_TRUE(wished.ok()) << wished.status();
  EXPECT_EQ(wished->retries, 2);
  EXPECT_EQ(wished->reopen_from, 1);
}

TEST(BatchWish, ARetryThatGoesOnIsNotBegunAgain) {
  BatchView view = View({{JobState::kFailed, 1}});
  view.record = *WishRetry(view, kNow);
  EXPECT_EQ(*WishRetry(view, kNow), view.record);
  EXPECT_EQ(ReasonOf(WishRetry(View({{JobState::kQueued, 1}}), kNow).status()),
            "ILLEGAL_TRANSITION");
}

TEST(BatchWish, NothingIsLeftToRetryOrToCancelOfACompletedBatch) {
  const BatchView view = View({{JobState::kCompleted, 2}});
  EXPECT_EQ(ReasonOf(WishRetry(view, kNow).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(WishCancel(view, kNow).status()), "ILLEGAL_TRANSITION");
}

TEST(BatchWish, ACancelReachesOperationsThatAPersonRunsAgainAfterTheEnd) {
  for (const BatchDesire desire : {BatchDesire::kRun, BatchDesire::kStop, BatchDesire::kCancel}) {
    BatchView view = View({{JobState::kSkipped, 1}, {JobState::kQueued, 1}}, desire);
    view.record.end_time = kNow;
    const absl::StatusOr<BatchRecord> wished = WishCancel(view, kNow);
    ASSERT_TRUE(wished.ok()) << wished.status();
    EXPECT_EQ(wished->desire, BatchDesire::kCancel);
    EXPECT_EQ(wished->end_time, absl::InfinitePast());
  }
}

TEST(BatchWish, ACancelledBatchThatHasEndedIsCancelledAgainWithoutAChange) {
  BatchView view = View({{JobState::kSkipped, 2}}, BatchDesire::kCancel);
  view.record.end_time = kNow;
  EXPECT_EQ(*WishCancel(view, kNow), view.record);
}

TEST(BatchWish, ARetryTakesUpAnExpansionThatWasHalted) {
  BatchView view = View({});
  view.record.expansion = BatchExpansion::kHalted;
  const absl::StatusOr<BatchRecord> wished = WishRetry(view, kNow);
  ASSERT_TRUE(wished.ok()) << wished.status();
  EXPECT_EQ(wished->expansion, BatchExpansion::kGoing);
  view.record.expansion = BatchExpansion::kGoing;
  EXPECT_EQ(ReasonOf(WishRetry(view, kNow).status()), "ILLEGAL_TRANSITION");
  EXPECT_TRUE(WishCancel(view, kNow).ok());
}

}  // namespace
}  // namespace dq
