// What becomes of the times of schedules while one replica leads.
#include "scheduler/engine/schedule_runner.h"

#include <gmock/gmock.h>

#include "tests/scheduler/engine/schedule_world.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

using ScheduleRunnerTest = ScheduleTest;

TEST_F(ScheduleRunnerTest, WhatCameOfTimesIsCountedAndWhatIsLateIsTold) {
  Create(OverlapPolicy::kSkip);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  Pass(driver);
  PassAt(driver, absl::Minutes(5));
  PassAt(driver, absl::Minutes(5));
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(metrics_.ScheduleTimesSoFar(), ElementsAre(Pair("completed", 1), Pair("skipped", 1)));
  EXPECT_EQ(metrics_.Overdue(), absl::ZeroDuration());

  // Nobody led for three hours, of which one is made up for by its newest time.
  clock_.Advance(absl::Hours(3));
  ASSERT_TRUE(driver.Pass().ok());
  EXPECT_GT(metrics_.Overdue(), absl::Hours(2));
  ASSERT_TRUE(EndRuns(worker, driver));
  const ScheduleRecord record = View().record;
  EXPECT_GT(record.missed, 20);
  EXPECT_THAT(metrics_.ScheduleTimesSoFar(),
              ElementsAre(Pair("completed", 2), Pair("missed", record.missed),
                          Pair("skipped", record.skipped)));
  EXPECT_EQ(metrics_.Overdue(), absl::ZeroDuration());
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(driver.Pass().ok());
  EXPECT_GT(metrics_.Overdue(), absl::ZeroDuration());
  driver.StandBy();
  EXPECT_EQ(metrics_.Overdue(), absl::ZeroDuration());
}

TEST_F(ScheduleRunnerTest, EachTimeThatComesMakesOneJob) {
  Create(OverlapPolicy::kSkip);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  Pass(driver);
  EXPECT_THAT(JobIds(), IsEmpty());
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805"));
  EXPECT_THAT(States(), ElementsAre(RunState::kRunning));
  PassAt(driver, absl::Seconds(30));
  EXPECT_THAT(JobIds(), SizeIs(1));
  ASSERT_TRUE(EndRuns(worker, driver));
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805", "s-20270115t0810"));
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(States(), ElementsAre(RunState::kCompleted, RunState::kCompleted));
}

TEST_F(ScheduleRunnerTest, ThePassSaysWhenThereIsSomethingToDoNext) {
  Create(OverlapPolicy::kSkip);
  Replica replica("s1", store_);
  ScheduleDriver driver = Driver(replica);
  Pass(driver);
  clock_.Advance(absl::Seconds(20));
  const auto outlook = driver.Pass();
  ASSERT_TRUE(outlook.ok()) << outlook.status();
  EXPECT_EQ(outlook->wait, absl::Seconds(280));
  EXPECT_FALSE(outlook->runs_go_on);
  Change([](ScheduleRecord& record) { record.paused = true; });
  Pass(driver);
  EXPECT_EQ(driver.Pass()->wait, absl::InfiniteDuration());
  store_.SetAvailable(false);
  EXPECT_TRUE(absl::IsUnavailable(driver.Pass().status()));
  store_.SetAvailable(true);
}

TEST_F(ScheduleRunnerTest, WithSkipATimeDuringARunMakesNothing) {
  Create(OverlapPolicy::kSkip);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(States(), ElementsAre(RunState::kRunning, RunState::kSkipped));
  EXPECT_EQ(View().record.skipped, 1);
  ASSERT_TRUE(EndRuns(worker, driver));
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805", "s-20270115t0815"));
}

TEST_F(ScheduleRunnerTest, WithQueueTimesDuringARunFollowInTheirOrder) {
  Create(OverlapPolicy::kQueue);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 4);
  ScheduleDriver driver = Driver(replica);
  for (int i = 0; i < 3; ++i) PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(States(), ElementsAre(RunState::kRunning, RunState::kWaiting, RunState::kWaiting));
  EXPECT_THAT(JobIds(), SizeIs(1));
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(worker.Granted(),
              ElementsAre("s-20270115t0805", "s-20270115t0810", "s-20270115t0815"));
}

TEST_F(ScheduleRunnerTest, WithCancelTheNewestRunsOnceWhatRanIsCancelled) {
  Create(OverlapPolicy::kCancelRunning);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 4);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 1; }));
  PassAt(driver, absl::Minutes(5));
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(States(), ElementsAre(RunState::kRunning, RunState::kSkipped, RunState::kWaiting));
  EXPECT_TRUE(HasJobIn(JobState::kCancelling));
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(States(),
              ElementsAre(RunState::kCancelled, RunState::kSkipped, RunState::kCompleted));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805", "s-20270115t0815"));
}

TEST_F(ScheduleRunnerTest, ABatchIsMadeRunsToItsEndAndIsCancelled) {
  Create(OverlapPolicy::kCancelRunning, "*/5 * * * *", RunKind::kBatch);
  Change([](ScheduleRecord& record) { record.request = kBroken; });
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805-1", "s-20270115t0805-2"));
  PassAt(driver, absl::Minutes(5));
  ASSERT_TRUE(WaitUntil([&] { return worker.Granted().size() == 3; }));
  PassAt(driver, absl::Minutes(5));
  ASSERT_TRUE(WaitUntil([&] { return HasJobIn(JobState::kCancelling); }));
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(States(), ElementsAre(RunState::kPartialSuccess, RunState::kCancelled,
                                    RunState::kPartialSuccess));
}

TEST_F(ScheduleRunnerTest, WhatCannotBeMadeFailsAndTheNextTimeIsTriedAgain) {
  Create(OverlapPolicy::kQueue);
  Change([](ScheduleRecord& record) { record.request = kImpossible; });
  Replica replica("s1", store_);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(10));  // Two times at once.
  EXPECT_THAT(States(), ElementsAre(RunState::kFailed, RunState::kFailed));
  const ScheduleRun run = store_.ListRuns(View().record.key, 1)->front();
  EXPECT_EQ(run.error_reason, "FILE_NOT_READY");
  EXPECT_EQ(run.error_message, "no such file");
  EXPECT_EQ(run.target, "");
  EXPECT_EQ(run.end_time, clock_.Now());
  Change([](ScheduleRecord& record) { record.request = "mended"; });
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0815"));
}

TEST_F(ScheduleRunnerTest, AJobOfSomebodyElseIsNotTakenForARun) {
  Create(OverlapPolicy::kSkip);
  Replica replica("s1", store_);
  ScheduleDriver driver = Driver(replica);
  JobRecord other;
  other.name = {"default", "s-20270115t0805"};
  other.rules.stages = {"noop"};
  Answers<absl::StatusOr<SubmitResult>> answers(1, std::make_shared<Abandonment>());
  replica.scheduler().Submit(other, answers.Take(0));
  ASSERT_TRUE(answers.Wait()->front().ok());
  PassAt(driver, absl::Minutes(5));
  EXPECT_THAT(JobIds(), ElementsAre("s-01234567-1", "s-20270115t0805"));
  EXPECT_EQ(View().open.front().target, "s-01234567-1");
}

TEST_F(ScheduleRunnerTest, ARunWhoseJobIsGoneHasEnded) {
  Create(OverlapPolicy::kQueue);
  Change([](ScheduleRecord& record) { record.runs = 1; });
  ScheduleRun run;
  run.number = 1;
  run.fire_time = clock_.Now();
  run.state = RunState::kRunning;
  run.target = "deleted";
  ASSERT_TRUE(store_.UpdateSchedule(View().record, {run}).ok());
  Replica replica("s1", store_);
  ScheduleDriver driver = Driver(replica);
  Pass(driver);
  EXPECT_THAT(States(), ElementsAre(RunState::kCancelled));
}

TEST_F(ScheduleRunnerTest, WhatCameWhileNobodyLedIsMadeUpForWithinTheWindow) {
  Create(OverlapPolicy::kQueue, "*/20 * * * *");
  clock_.Advance(absl::Hours(3));
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  Pass(driver);
  EXPECT_EQ(View().record.missed, 5);
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(worker.Granted(), ElementsAre("s-20270115t1000", "s-20270115t1020", "s-20270115t1040",
                                            "s-20270115t1100"));
}

TEST_F(ScheduleRunnerTest, AnExpressionThatCannotBeReadIsLookedAtAgainLater) {
  Create(OverlapPolicy::kSkip);
  Change([](ScheduleRecord& record) { record.time_zone = "Nowhere/AtAll"; });
  Replica replica("s1", store_);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  EXPECT_EQ(driver.Pass()->wait, absl::Minutes(1));
  Change([](ScheduleRecord& record) { record.time_zone = "UTC"; });
  Pass(driver);
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805"));
}

TEST_F(ScheduleRunnerTest, ARunThatWaitsBecomesWhatTheTemplateIsByThen) {
  Create(OverlapPolicy::kQueue);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 4);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  PassAt(driver, absl::Minutes(5));
  Change([](ScheduleRecord& record) { record.kind = RunKind::kBatch; });
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(States(), ElementsAre(RunState::kCompleted, RunState::kCompleted));
  EXPECT_EQ(store_.ListRuns(View().record.key, 1)->front().kind, RunKind::kBatch);
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t0805", "s-20270115t0810-1", "s-20270115t0810-2"));
}

TEST_F(ScheduleRunnerTest, ABatchThatHasEndedAndGoesOnAgainIsNotWrittenAllTheTime) {
  Create(OverlapPolicy::kQueue, "*/5 * * * *", RunKind::kBatch);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  const auto end = [&] {
    BatchRecord batch = store_.GetBatch("default", "s-20270115t0805")->record;
    batch.end_time = clock_.Now();
    return store_.EndBatch(batch, BatchState::kFailed);
  };
  ASSERT_TRUE(
      WaitUntil([&] { return store_.GetBatch("default", "s-20270115t0805")->record.made == 2; }));
  ASSERT_TRUE(WaitUntil([&] { return end().ok(); }));
  ASSERT_NE(store_.ListRunEnds(1)->ended.size(), 0U);
  const ScheduleRecord before = View().record;
  const auto outlook = driver.Pass();
  ASSERT_TRUE(outlook.ok()) << outlook.status();
  EXPECT_GT(outlook->wait, absl::ZeroDuration());
  EXPECT_TRUE(outlook->runs_go_on);
  EXPECT_EQ(View().record, before);
  ASSERT_TRUE(EndRuns(worker, driver));
  EXPECT_THAT(States(), ElementsAre(RunState::kCompleted));
}

TEST_F(ScheduleRunnerTest, TheThreadRunsWhatIsTriggeredWhileItsReplicaLeads) {
  Create(OverlapPolicy::kSkip, "0 0 1 1 *");
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleRunner runner({.look_interval = absl::Hours(1),
                         .end_interval = absl::Milliseconds(5),
                         .later = absl::Milliseconds(5),
                         .standby_interval = absl::Milliseconds(5)});
  runner.Start(replica.scheduler(), std::make_unique<ScheduleDriver>(
                                        ScheduleDriver::Ports{replica.scheduler(), store_, store_,
                                                              clock_, [](BatchKey) {}, metrics_},
                                        MakeRun));
  Trigger();
  runner.Wake();
  ASSERT_TRUE(WaitUntil([&] {
    worker.Work();
    return States() == std::vector<RunState>{RunState::kCompleted};
  }));
  EXPECT_THAT(JobIds(), ElementsAre("s-20270115t080000"));
  runner.Stop();
  runner.Stop();
}

}  // namespace
}  // namespace dq
