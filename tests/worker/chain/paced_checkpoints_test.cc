// When checkpoints are taken by the clock.
#include "worker/chain/paced_checkpoints.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

using std::chrono::seconds;

class PacedCheckpointsTest : public testing::Test {
 protected:
  CheckpointCall Decide() { return paced_.Decide(CheckpointChance::kBatch); }

  CancelToken now_;
  CancelToken when_saved_;
  PacedCheckpoints::Clock::time_point time_;
  PacedCheckpoints paced_{seconds(30),
                          {now_, when_saved_},
                          [](const ChainStart&) {},
                          [](const SavedCheckpoint&) {},
                          [this] { return time_; }};
};

TEST_F(PacedCheckpointsTest, OneIsTakenAfterTheIntervalAndManyTimesWhatTheLastOneTook) {
  EXPECT_EQ(Decide(), CheckpointCall::kGoOn);
  time_ += seconds(30);
  EXPECT_EQ(Decide(), CheckpointCall::kSave);
  paced_.OnSaved({.seconds = 2, .stage = "", .fingerprint = ""});
  time_ += seconds(99);
  EXPECT_EQ(Decide(), CheckpointCall::kGoOn);
  time_ += seconds(1);
  EXPECT_EQ(Decide(), CheckpointCall::kSave);
}

TEST_F(PacedCheckpointsTest, OneThatFailedIsTriedAgainAfterTheIntervalAlsoWhenAStopWaitsForIt) {
  when_saved_.Cancel();
  EXPECT_EQ(Decide(), CheckpointCall::kSaveThenStop);
  paced_.OnFailed(absl::InternalError("the disk is full"));
  EXPECT_EQ(Decide(), CheckpointCall::kGoOn);
  EXPECT_EQ(paced_.Decide(CheckpointChance::kLastForAWhile), CheckpointCall::kGoOn);
  time_ += seconds(30);
  EXPECT_EQ(Decide(), CheckpointCall::kSaveThenStop);
  paced_.OnFailed(absl::InternalError("the disk is full"));
  now_.Cancel();
  EXPECT_EQ(Decide(), CheckpointCall::kSaveAndStop);
}

}  // namespace
}  // namespace dq
