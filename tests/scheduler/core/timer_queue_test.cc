#include "scheduler/core/timer_queue.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

absl::Time At(int seconds) { return absl::FromUnixSeconds(seconds); }

TEST(TimerQueue, TimersComeDueInOrder) {
  TimerQueue timers;
  timers.Set(1, At(30));
  timers.Set(2, At(10));
  timers.Set(3, At(20));
  EXPECT_EQ(timers.NextDue(), At(10));
  EXPECT_EQ(timers.PopDue(At(9)), std::nullopt);
  EXPECT_EQ(timers.PopDue(At(30)), 2);
  EXPECT_EQ(timers.PopDue(At(30)), 3);
  EXPECT_EQ(timers.PopDue(At(30)), 1);
  EXPECT_EQ(timers.PopDue(At(30)), std::nullopt);
}

TEST(TimerQueue, SettingAgainReplacesTheEarlierTime) {
  TimerQueue timers;
  timers.Set(1, At(10));
  timers.Set(1, At(20));
  EXPECT_EQ(timers.PopDue(At(15)), std::nullopt);
  timers.Set(1, At(5));
  EXPECT_EQ(timers.PopDue(At(15)), 1);
  EXPECT_EQ(timers.size(), 0u);
}

TEST(TimerQueue, AClearedTimerIsNeverDueAndAnInfiniteOneIsNotKept) {
  TimerQueue timers;
  timers.Set(1, At(10));
  timers.Clear(1);
  timers.Clear(1);
  timers.Set(2, At(10));
  timers.Set(2, absl::InfiniteFuture());
  EXPECT_EQ(timers.PopDue(At(100)), std::nullopt);
  EXPECT_EQ(timers.NextDue(), absl::InfiniteFuture());
}

TEST(TimerQueue, ATimeLongGoneIsDueAtOnce) {
  TimerQueue timers;
  timers.Set(1, absl::InfinitePast());
  EXPECT_EQ(timers.PopDue(At(0)), 1);
}

}  // namespace
}  // namespace dq
