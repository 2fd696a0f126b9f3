// What becomes of the times of schedules while one replica, or one after the other, leads.
#include "scheduler/engine/schedule_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/scheduler/engine/batch_world.h"
#include "tests/support/manual_clock.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What happens to an update instead of success.
enum class UpdateFault { kNotWritten, kWrittenButNotTold };

// Loses the update with a certain number.
class ForgetfulStore : public FakeStore {
 public:
  using FakeStore::FakeStore;

  void LoseUpdate(int number, UpdateFault fault) {
    left_ = number;
    fault_ = fault;
  }
  bool has_lost() const { return left_ <= 0; }

  absl::Status UpdateSchedule(const ScheduleRecord& schedule,
                              const std::vector<ScheduleRun>& runs) override {
    if (--left_ != 0) return FakeStore::UpdateSchedule(schedule, runs);
    if (fault_ == UpdateFault::kWrittenButNotTold) {
      EXPECT_TRUE(FakeStore::UpdateSchedule(schedule, runs).ok());
    }
    return absl::UnavailableError("lost");
  }

 private:
  int left_ = 0;
  UpdateFault fault_ = UpdateFault::kNotWritten;
};

absl::StatusOr<std::variant<JobRecord, BatchToMake>> MakeRun(const ScheduleRecord& schedule,
                                                             const ScheduleRun&,
                                                             const std::string& id) {
  if (schedule.request == kImpossible) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_READY", "no such file");
  }
  if (schedule.kind == RunKind::kBatch) {
    BatchToMake batch;
    batch.record.project = schedule.project;
    batch.record.id = id;
    batch.record.uid = "uid of " + id;
    batch.record.operations = 2;
    batch.record.create_time = batch.record.run_time = SystemClock().Now();
    batch.requests = {schedule.request, "second"};
    return batch;
  }
  JobRecord job;
  job.name = {schedule.project, id};
  job.rules.stages = {"noop"};
  job.rules.max_attempts = 1;
  job.payload.grant = schedule.request;
  return job;
}

class ScheduleRunnerTest : public ::testing::Test {
 protected:
  ScheduleRecord Create(OverlapPolicy overlap, const std::string& cron = "*/5 * * * *",
                        RunKind kind = RunKind::kJob) {
    ScheduleRecord schedule;
    schedule.project = "default";
    schedule.id = "s";
    schedule.uid = "01234567" + std::to_string(absl::ToUnixSeconds(clock_.Now()));
    schedule.cron = cron;
    schedule.time_zone = "UTC";
    schedule.overlap = overlap;
    schedule.catch_up_window = absl::Hours(1);
    schedule.kind = kind;
    schedule.decided_until = schedule.look_time = clock_.Now();
    return store_.CreateSchedule(schedule)->record;
  }
  ScheduleDriver Driver(Replica& replica, RunMaker maker = MakeRun) {
    return ScheduleDriver({replica.scheduler(), store_, store_, clock_,
                           [&replica](BatchKey key) { replica.runner().Wake(key); }},
                          std::move(maker));
  }
  // Makes passes until there is nothing to do at this time.
  void Pass(ScheduleDriver& driver) {
    for (int i = 0; i < 50; ++i) {
      const auto outlook = driver.Pass();
      ASSERT_TRUE(outlook.ok()) << outlook.status();
      if (outlook->wait > absl::ZeroDuration()) return;
    }
    FAIL() << "there is always something to do";
  }
  void PassAt(ScheduleDriver& driver, absl::Duration later) {
    clock_.Advance(later);
    Pass(driver);
  }
  ScheduleView View() { return *store_.GetSchedule("default", "s"); }
  void Change(const std::function<void(ScheduleRecord&)>& change) {
    ScheduleRecord record = View().record;
    change(record);
    record.look_time = clock_.Now();
    ASSERT_TRUE(store_.UpdateSchedule(record, {}).ok());
  }
  void Trigger() {
    absl::Status triggered;
    do {
      ScheduleView view = View();
      ScheduleRun run;
      run.number = ++view.record.runs;
      run.fire_time = view.record.look_time = clock_.Now();
      run.is_triggered = true;
      triggered = store_.UpdateSchedule(view.record, {run});
    } while (absl::IsAborted(triggered));
    ASSERT_TRUE(triggered.ok()) << triggered;
  }
  size_t LiveJobs() {
    const std::map<JobKey, JobRecord> jobs = store_.Jobs();
    return static_cast<size_t>(std::ranges::count_if(
        jobs, [](const auto& entry) { return !IsTerminal(entry.second.status.state); }));
  }
  std::vector<RunState> States() {
    std::vector<RunState> states;
    const auto runs = store_.ListRuns(View().record.key, kRunsKept);
    for (auto run = runs->rbegin(); run != runs->rend(); ++run) states.push_back(run->state);
    return states;
  }
  std::vector<std::string> JobIds() {
    std::vector<std::string> ids;
    for (const auto& [key, job] : store_.Jobs()) ids.push_back(job.name.id);
    std::ranges::sort(ids);
    return ids;
  }
  bool HasJobIn(JobState state) {
    const std::map<JobKey, JobRecord> jobs = store_.Jobs();
    return std::ranges::any_of(
        jobs, [&](const auto& entry) { return entry.second.status.state == state; });
  }
  // Lets the worker end what it has been granted, and passes until all runs have ended.
  bool EndRuns(Worker& worker, ScheduleDriver& driver) {
    return WaitUntil([&] {
      worker.Work();
      Pass(driver);
      return View().open.empty();
    });
  }

  ManualClock clock_;  // 2027-01-15 08:00:00 UTC.
  ForgetfulStore store_{SystemClock()};
};

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

// Whichever record is lost, and whether it was written: the next leader makes each run once.
TEST_F(ScheduleRunnerTest, ALeaderThatDiesAnywhereLeavesNoTimeOutAndFiresNoneTwice) {
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
TEST_F(ScheduleRunnerTest, WhatALeaderMadeAndDidNotRecordIsKnownToTheNext) {
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
      const auto made = std::ranges::count_if(
          states, [](RunState state) { return state != RunState::kSkipped; });
      EXPECT_EQ(JobIds().size() - jobs_before, static_cast<size_t>(made)) << number;
      lost += store_.has_lost() ? 1 : 0;
    }
  }
  EXPECT_EQ(lost, 6);
}

TEST_F(ScheduleRunnerTest, ATriggerBetweenTheMakingAndTheRecordHidesNoRun) {
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
  EXPECT_THAT(JobIds(),
              ElementsAre("s-20270115t0805", "s-20270115t0810-1", "s-20270115t0810-2"));
}

// The leader dies between the making and the record, and the template becomes a batch.
TEST_F(ScheduleRunnerTest, ARunThatMayBeThereAsAJobIsNotMadeABatch) {
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

TEST_F(ScheduleRunnerTest, ABatchThatHasEndedAndGoesOnAgainIsNotWrittenAllTheTime) {
  Create(OverlapPolicy::kQueue, "*/5 * * * *", RunKind::kBatch);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  ScheduleDriver driver = Driver(replica);
  PassAt(driver, absl::Minutes(5));
  const auto end = [&] {
    return store_.EndBatch(store_.GetBatch("default", "s-20270115t0805")->record,
                           BatchState::kFailed);
  };
  ASSERT_TRUE(WaitUntil([&] { return JobIds().size() == 2; }));
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

TEST_F(ScheduleRunnerTest, OfTwoThatDecideOneIsHeardAndNothingIsMadeTwice) {
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
                                                              clock_, [](BatchKey) {}},
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
