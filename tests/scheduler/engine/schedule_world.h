// A schedule on the store in memory, carried on by the driver while one replica, or one after the
// other, leads. For one test thread.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "scheduler/engine/schedule_driver.h"
#include "tests/scheduler/engine/batch_world.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/manual_clock.h"

namespace dq {

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

inline absl::StatusOr<std::variant<JobRecord, BatchToMake>> MakeRun(const ScheduleRecord& schedule,
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

class ScheduleTest : public ::testing::Test {
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
                           [&replica](BatchKey key) { replica.runner().Wake(key); }, metrics_},
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
  RecordingMetrics metrics_;
};

}  // namespace dq
