// Leaders that die, and others that write, between the steps of a schedule: each time is one run,
// and each run one job or batch.
#include <gmock/gmock.h>

#include "tests/scheduler/engine/schedule_world.h"

namespace dq {
namespace {

using ::testing::ElementsAre;

using ScheduleCrashTest = ScheduleTest;

// Whichever record is lost, and whether it was written: the next leader makes each run once.
TEST_F(ScheduleCrashTest, ALeaderThatDiesAnywhereLeavesNoTimeOutAndFiresNoneTwice) {
  Create(OverlapPolicy::kQueue);
  int lost = 0;
  std::vector<std::string> expected;
  absl::Time time = clock_.Now();
  for (const UpdateFault fault : {UpdateFault::kNotWritten, UpdateFault::kWrittenButNotTold}) {
    for (int number = 1; number <= 6; ++number) {
      store_.LoseUpdate(number, fault);
      for (int life = 0; life < 2; ++life) {
        Replica replica("s" + std::to_string(life), store_);
        ScheduleDriver driver = Driver(replica);
        if (life == 0) {
          clock_.Advance(absl::Minutes(10));
          for (int i = 0; i < 2; ++i) {
            time += absl::Minutes(5);
            expected.push_back(absl::FormatTime("s-%Y%m%dt%H%M", time, absl::UTCTimeZone()));
          }
          for (int pass = 0; pass < 5 && !store_.has_lost(); ++pass) (void)driver.Pass();
          continue;
        }
        Worker worker(replica.scheduler(), 2);
        ASSERT_TRUE(WaitUntil([&] {
          clock_.Advance(absl::Milliseconds(50));  // What failed is tried again later.
          worker.Work();
          Pass(driver);
          return View().open.empty();
        })) << number;
      }
      lost += store_.has_lost() ? 1 : 0;
    }
  }
  EXPECT_GE(lost, 8);
  EXPECT_EQ(JobIds(), expected);
  EXPECT_EQ(View().record.runs, std::ssize(expected));
}

// With the other policies a later time decides about the runs before it: what a leader has made and
// not recorded is a run's all the same, and nothing begins beside it.
TEST_F(ScheduleCrashTest, WhatALeaderMadeAndDidNotRecordIsKnownToTheNext) {
  int lost = 0;
  for (const OverlapPolicy overlap : {OverlapPolicy::kSkip, OverlapPolicy::kCancelRunning}) {
    for (int number = 1; number <= 3; ++number) {
      ASSERT_TRUE(store_.DeleteSchedule("default", "s").ok());
      Create(overlap);
      store_.LoseUpdate(number, UpdateFault::kNotWritten);
      const size_t jobs_before = JobIds().size();
      for (int life = 0; life < 2; ++life) {
        Replica replica("s" + std::to_string(life), store_);
        ScheduleDriver driver = Driver(replica);
        clock_.Advance(absl::Minutes(5));
        for (int pass = 0; pass < 5 && !store_.has_lost(); ++pass) (void)driver.Pass();
        if (life == 0) continue;
        Pass(driver);
        EXPECT_LE(LiveJobs(), 1U) << number;
        Worker worker(replica.scheduler(), 4);
        ASSERT_TRUE(WaitUntil([&] {
          clock_.Advance(absl::Milliseconds(50));  // What failed is tried again later.
          worker.Work();
          Pass(driver);
          EXPECT_LE(LiveJobs(), 1U) << number;
          return View().open.empty();
        })) << number;
      }
      const auto states = States();
      const auto made =
          std::ranges::count_if(states, [](RunState state) { return state != RunState::kSkipped; });
      EXPECT_EQ(JobIds().size() - jobs_before, static_cast<size_t>(made)) << number;
      lost += store_.has_lost() ? 1 : 0;
    }
  }
  EXPECT_EQ(lost, 6);
}

TEST_F(ScheduleCrashTest, ATriggerBetweenTheMakingAndTheRecordHidesNoRun) {
  Create(OverlapPolicy::kCancelRunning);
  Replica replica("s1", store_);
  bool is_triggered = false;
  ScheduleDriver driver = Driver(
      replica, [&](const ScheduleRecord& schedule, const ScheduleRun& run, const std::string& id) {
        if (!std::exchange(is_triggered, true)) Trigger();
        return MakeRun(schedule, run, id);
      });
  PassAt(driver, absl::Minutes(5));
  Worker worker(replica.scheduler(), 4);
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(States(), ElementsAre(RunState::kCancelled, RunState::kCompleted));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805", "s-20270115t080500"));
}

// The leader dies between the making and the record, and the template becomes a batch.
TEST_F(ScheduleCrashTest, ARunThatMayBeThereAsAJobIsNotMadeABatch) {
  Create(OverlapPolicy::kQueue);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 4);
  ScheduleDriver driver = Driver(replica);
  clock_.Advance(absl::Minutes(5));
  store_.LoseUpdate(2, UpdateFault::kNotWritten);
  (void)driver.Pass();
  ASSERT_TRUE(store_.has_lost());
  Change([](ScheduleRecord& record) { record.kind = RunKind::kBatch; });
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805"));
  EXPECT_THAT(States(), ElementsAre(RunState::kCompleted));
}

TEST_F(ScheduleCrashTest, OfTwoThatDecideOneIsHeardAndNothingIsMadeTwice) {
  Create(OverlapPolicy::kQueue);
  Replica replica("s1", store_);
  ScheduleDriver next = Driver(replica);
  bool is_overtaken = false;
  // The other one makes the whole pass while this one is about to make the job.
  ScheduleDriver slow = Driver(
      replica, [&](const ScheduleRecord& schedule, const ScheduleRun& run, const std::string& id) {
        if (!std::exchange(is_overtaken, true)) {
          clock_.Advance(absl::Seconds(2));
          Pass(next);
        }
        return MakeRun(schedule, run, id);
      });
  clock_.Advance(absl::Minutes(5));
  Pass(slow);
  EXPECT_TRUE(is_overtaken);
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805"));
  EXPECT_THAT(States(), ElementsAre(RunState::kRunning));
}

}  // namespace
}  // namespace dq
