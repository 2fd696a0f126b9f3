#include "scheduler/core/flow_statistics.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

const absl::Time kStart = absl::UnixEpoch() + absl::Hours(5);

class FlowStatisticsTest : public ::testing::Test {
 protected:
  FlowStatisticsTest() { flow_.Restart(kStart); }
  FlowWindow Minute(absl::Duration after) { return flow_.Windows(kStart + after)[0]; }
  FlowWindow Hour(absl::Duration after) { return flow_.Windows(kStart + after)[2]; }

  FlowStatistics flow_;
};

TEST_F(FlowStatisticsTest, CountsAreExactAndLeaveEachWindowInTime) {
  for (int i = 0; i < 7; ++i) flow_.Count(kStart + absl::Seconds(i), FlowEvent::kCreated);
  flow_.CountEnd(kStart + absl::Seconds(65), FlowEvent::kCompleted, absl::Seconds(3));
  EXPECT_EQ(Minute(absl::Seconds(8)).CountOf(FlowEvent::kCreated), 7);
  EXPECT_EQ(Minute(absl::Seconds(69)).CountOf(FlowEvent::kCreated), 7);
  const FlowWindow later = Minute(absl::Seconds(70));
  EXPECT_EQ(later.CountOf(FlowEvent::kCreated), 0);
  EXPECT_EQ(later.CountOf(FlowEvent::kCompleted), 1);
  EXPECT_EQ(Hour(absl::Seconds(70)).CountOf(FlowEvent::kCreated), 7);
  EXPECT_EQ(Hour(absl::Minutes(61)).CountOf(FlowEvent::kCreated), 0);
  EXPECT_EQ(Hour(absl::Hours(30)).CountOf(FlowEvent::kCompleted), 0);
}

TEST_F(FlowStatisticsTest, AWindowSaysHowMuchTimeItTellsOf) {
  EXPECT_EQ(Minute(absl::Seconds(8)).observed, absl::Seconds(8));
  EXPECT_EQ(Hour(absl::Seconds(8)).length, absl::Hours(1));
  EXPECT_EQ(Minute(absl::Seconds(128)).observed, absl::Seconds(68));
}

TEST_F(FlowStatisticsTest, QuantilesAreAtMostAFifthTooLongAndNeverBeyondTheLongest) {
  for (int i = 1; i <= 100; ++i) flow_.CountStart(kStart, absl::Milliseconds(10 * i));
  const DurationSummary wait = Minute(absl::Seconds(1)).wait;
  EXPECT_EQ(wait.count, 100);
  EXPECT_EQ(wait.mean, absl::Milliseconds(505));
  EXPECT_GE(wait.median, absl::Milliseconds(500));
  EXPECT_LE(wait.median, absl::Milliseconds(600));
  EXPECT_GE(wait.p95, absl::Milliseconds(950));
  EXPECT_LE(wait.p99, wait.longest);
  EXPECT_EQ(wait.longest, absl::Seconds(1));
}

TEST_F(FlowStatisticsTest, StrangeDurationsAreCountedAllTheSame) {
  flow_.CountStart(kStart, -absl::Seconds(1));
  flow_.CountStart(kStart, absl::Hours(24 * 1000));
  const DurationSummary wait = Minute(absl::Seconds(1)).wait;
  EXPECT_EQ(wait.count, 2);
  EXPECT_EQ(wait.median, absl::Milliseconds(1));
  EXPECT_EQ(wait.longest, absl::Hours(24 * 1000));
  EXPECT_EQ(Minute(absl::Seconds(1)).run.count, 0);
}

}  // namespace
}  // namespace dq
