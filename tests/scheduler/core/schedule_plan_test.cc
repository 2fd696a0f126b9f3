// Which times become runs, and which runs begin.
#include "scheduler/core/schedule_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kStart =
    absl::FromCivil(absl::CivilMinute(2026, 1, 1, 12, 0), absl::UTCTimeZone());

ScheduleView View(OverlapPolicy overlap) {
  ScheduleView view;
  view.record.overlap = overlap;
  view.record.catch_up_window = absl::Hours(1);
  view.record.decided_until = kStart;
  return view;
}

Timetable Every(const std::string& cron) { return *Timetable::Parse(cron, "UTC"); }

std::vector<absl::Duration> Times(const ScheduleView& view) {
  std::vector<absl::Duration> times;
  for (const ScheduleRun& run : view.open) times.push_back(run.fire_time - kStart);
  return times;
}

std::vector<ScheduleRun> Runs(const std::vector<RunState>& states) {
  std::vector<ScheduleRun> runs;
  for (const RunState state : states) {
    runs.emplace_back().state = state;
    runs.back().number = std::ssize(runs);
  }
  return runs;
}

TEST(SchedulePlan, ATimeThatHasComeBecomesOneRun) {
  const Timetable table = Every("*/5 * * * *");
  ScheduleView view = DecideDue(View(OverlapPolicy::kSkip), table, kStart + absl::Minutes(4));
  EXPECT_THAT(view.open, IsEmpty());
  view = DecideDue(view, table, kStart + absl::Minutes(5));
  EXPECT_THAT(Times(view), ElementsAre(absl::Minutes(5)));
  EXPECT_EQ(view.open.front().number, 1);
  EXPECT_EQ(view.open.front().state, RunState::kWaiting);
  EXPECT_EQ(view.record.runs, 1);
  EXPECT_EQ(DecideDue(view, table, kStart + absl::Minutes(5)).open, view.open);
  EXPECT_EQ(NextLook(view.record, table), kStart + absl::Minutes(10));
}

TEST(SchedulePlan, AClockThatIsSetBackFiresNothingAgain) {
  const Timetable table = Every("* * * * *");
  ScheduleView view = DecideDue(View(OverlapPolicy::kQueue), table, kStart + absl::Minutes(3));
  EXPECT_THAT(view.open, SizeIs(3));
  const ScheduleView same = DecideDue(view, table, kStart + absl::Minutes(1));
  EXPECT_EQ(same.open, view.open);
  EXPECT_EQ(same.record, view.record);
  view = DecideDue(view, table, kStart + absl::Minutes(4));
  EXPECT_THAT(view.open, SizeIs(4));
}

TEST(SchedulePlan, WhatWasMissedRunsWithinTheWindowAndIsCountedBefore) {
  const Timetable table = Every("*/20 * * * *");
  const absl::Time now = kStart + absl::Hours(3);
  ScheduleView queue = DecideDue(View(OverlapPolicy::kQueue), table, now);
  EXPECT_THAT(Times(queue), ElementsAre(absl::Minutes(120), absl::Minutes(140), absl::Minutes(160),
                                        absl::Minutes(180)));
  EXPECT_EQ(queue.record.missed, 5);
  EXPECT_EQ(queue.record.skipped, 0);
  for (const OverlapPolicy overlap : {OverlapPolicy::kSkip, OverlapPolicy::kCancelRunning}) {
    const ScheduleView newest = DecideDue(View(overlap), table, now);
    EXPECT_THAT(Times(newest), ElementsAre(absl::Minutes(180)));
    EXPECT_EQ(newest.record.missed, 5);
    EXPECT_EQ(newest.record.skipped, 3);
    EXPECT_EQ(newest.record.runs, 1);
  }
}

TEST(SchedulePlan, AYearOfMissedMinutesIsCountedInParts) {
  const Timetable table = Every("* * * * *");
  ScheduleView view = View(OverlapPolicy::kSkip);
  const absl::Time now = kStart + absl::Hours(24 * 30);
  view = DecideDue(view, table, now);
  EXPECT_EQ(view.record.missed, kMissedCountedMax);
  EXPECT_THAT(view.open, IsEmpty());
  EXPECT_LE(NextLook(view.record, table), now);
  for (int i = 0; i < 4; ++i) view = DecideDue(view, table, now);
  EXPECT_EQ(view.record.missed + view.record.skipped + std::ssize(view.open), 24 * 60 * 30);
  EXPECT_THAT(Times(view), ElementsAre(absl::Hours(24 * 30)));
}

TEST(SchedulePlan, APausedScheduleDecidesNothing) {
  ScheduleView view = View(OverlapPolicy::kSkip);
  view.record.paused = true;
  const ScheduleView same = DecideDue(view, Every("* * * * *"), kStart + absl::Hours(2));
  EXPECT_EQ(same.record, view.record);
  EXPECT_THAT(same.open, IsEmpty());
  EXPECT_EQ(NextLook(view.record, Every("* * * * *")), absl::InfiniteFuture());
}

TEST(SchedulePlan, OnlySoManyRunsWait) {
  ScheduleView view = View(OverlapPolicy::kQueue);
  view.record.catch_up_window = absl::Hours(24);
  view = DecideDue(view, Every("* * * * *"), kStart + absl::Minutes(kRunsWaitingMax + 7));
  EXPECT_THAT(view.open, SizeIs(kRunsWaitingMax));
  EXPECT_EQ(view.record.skipped, 7);
  EXPECT_EQ(view.open.back().fire_time, kStart + absl::Minutes(kRunsWaitingMax));
}

TEST(SchedulePlan, WithSkipARunBeginsOnlyWhenNoneGoesOn) {
  using enum RunState;
  const auto plan = [](const std::vector<RunState>& states) {
    return PlanRuns(OverlapPolicy::kSkip, Runs(states));
  };
  EXPECT_EQ(plan({}), RunPlan());
  EXPECT_EQ(plan({kRunning}), RunPlan());
  EXPECT_EQ(plan({kWaiting}), (RunPlan{{}, {}, 0}));
  EXPECT_EQ(plan({kWaiting, kWaiting}), (RunPlan{{1}, {}, 0}));
  EXPECT_EQ(plan({kRunning, kWaiting}), (RunPlan{{1}, {}, std::nullopt}));
  EXPECT_EQ(plan({kCompleted, kWaiting}), (RunPlan{{}, {}, 1}));
}

TEST(SchedulePlan, WithQueueRunsBeginInTheirOrder) {
  using enum RunState;
  const auto plan = [](const std::vector<RunState>& states) {
    return PlanRuns(OverlapPolicy::kQueue, Runs(states));
  };
  EXPECT_EQ(plan({kWaiting, kWaiting}), (RunPlan{{}, {}, 0}));
  EXPECT_EQ(plan({kRunning, kWaiting}), RunPlan());
  EXPECT_EQ(plan({kFailed, kWaiting, kWaiting}), (RunPlan{{}, {}, 1}));
}

TEST(SchedulePlan, WithCancelTheNewestBeginsOnceWhatRanHasEnded) {
  using enum RunState;
  const auto plan = [](const std::vector<RunState>& states) {
    return PlanRuns(OverlapPolicy::kCancelRunning, Runs(states));
  };
  EXPECT_EQ(plan({kRunning}), RunPlan());
  EXPECT_EQ(plan({kRunning, kWaiting}), (RunPlan{{}, {0}, std::nullopt}));
  EXPECT_EQ(plan({kRunning, kWaiting, kWaiting}), (RunPlan{{1}, {0}, std::nullopt}));
  EXPECT_EQ(plan({kCancelled, kSkipped, kWaiting}), (RunPlan{{}, {}, 2}));
}

TEST(SchedulePlan, ARunThatIsAboutToBeMadeBeginsBeforeAnyNewerOne) {
  using enum RunState;
  std::vector<ScheduleRun> runs = Runs({kCompleted, kWaiting, kWaiting, kWaiting});
  runs[2].target = "nightly-20261122t0230";
  EXPECT_EQ(PlanRuns(OverlapPolicy::kCancelRunning, runs), (RunPlan{{1}, {}, 2}));
  EXPECT_EQ(PlanRuns(OverlapPolicy::kSkip, runs), (RunPlan{{1, 3}, {}, 2}));
  EXPECT_EQ(PlanRuns(OverlapPolicy::kQueue, runs), (RunPlan{{}, {}, 2}));
}

TEST(SchedulePlan, ARunIsNamedAfterItsTime) {
  ScheduleRecord schedule;
  schedule.id = "nightly";
  schedule.uid = "0123456789abcdef";
  ScheduleRun run;
  run.number = 7;
  run.fire_time = kStart + absl::Seconds(61);
  EXPECT_EQ(RunTarget(schedule, run), "nightly-20260101t1201");
  run.is_triggered = true;
  EXPECT_EQ(RunTarget(schedule, run), "nightly-20260101t120101");
  EXPECT_EQ(RunTargetApart(schedule, run), "nightly-01234567-7");
  run.number = 9'999'999'999;
  EXPECT_EQ(RunTargetApart(schedule, run).size(), schedule.id.size() + kRunSuffixBytesMax);
}

TEST(SchedulePlan, TheNextTimesFollowOneAnother) {
  EXPECT_THAT(NextFirings(Every("0 0 * * *"), kStart, 2),
              ElementsAre(kStart + absl::Hours(12), kStart + absl::Hours(36)));
}

// Every time within reach becomes exactly one run or is counted once, whenever it is looked at.
TEST(SchedulePlan, NoTimeIsDecidedTwiceAndNoneIsForgotten) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&random](int max) { return static_cast<int>(random() % (max + 1U)); };
    const Timetable table = Every("*/" + std::to_string(1 + pick(12)) + " * * * *");
    ScheduleView view = View(static_cast<OverlapPolicy>(1 + pick(2)));
    absl::Time now = kStart;
    absl::Time latest = kStart;
    int64_t runs = 0;
    for (int look = 0; look < 40; ++look) {
      now += absl::Seconds(pick(3) == 0 ? pick(9000) : pick(400) - 30);
      latest = std::max(latest, now);
      view = DecideDue(view, table, now);
      runs += std::ssize(view.open);
      view.open.clear();
    }
    int64_t times = 0;
    for (absl::Time time = table.NextAfter(kStart); time <= latest; time = table.NextAfter(time)) {
      ++times;
    }
    EXPECT_EQ(runs, view.record.runs);
    EXPECT_EQ(runs + view.record.skipped + view.record.missed, times);
  }
}

}  // namespace
}  // namespace dq
