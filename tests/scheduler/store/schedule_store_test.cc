// The conformance suite: schedules, their runs, and which of these have ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::Time At(int minutes) { return JobScript::Start() + absl::Minutes(minutes); }

ScheduleRecord Schedule(const std::string& id) {
  ScheduleRecord schedule;
  schedule.project = "default";
  schedule.id = id;
  schedule.uid = "uid-" + id;
  schedule.request_id = "request-" + id;
  schedule.request_hash = "hash-" + id;
  schedule.created_by = "user:alice";
  schedule.create_time = At(0);
  schedule.display_name = "the “schedule” " + id;
  schedule.labels = {{"a", "b"}};
  schedule.cron = "*/5 * * * *";
  schedule.time_zone = "Europe/Berlin";
  schedule.overlap = OverlapPolicy::kQueue;
  schedule.catch_up_window = absl::Minutes(90);
  schedule.paused = true;
  schedule.kind = RunKind::kBatch;
  schedule.request = std::string("one\0\xff\"\\,{}", 10);
  schedule.update_time = At(0);
  schedule.decided_until = At(0);
  schedule.look_time = At(5);
  return schedule;
}

ScheduleRun RunOf(int64_t number, RunState state) {
  ScheduleRun run;
  run.number = number;
  run.fire_time = At(static_cast<int>(number));
  run.state = state;
  return run;
}

class ScheduleStoreTest : public StoreTest {
 protected:
  ScheduleRecord Create(const ScheduleRecord& schedule) {
    const auto created = schedules().CreateSchedule(schedule);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->record : schedule;
  }
  // Writes the schedule with these runs, and makes the version what it is then.
  void Update(ScheduleRecord& schedule, const std::vector<ScheduleRun>& runs) {
    for (const ScheduleRun& run : runs) schedule.runs = std::max(schedule.runs, run.number);
    const absl::Status updated = schedules().UpdateSchedule(schedule, runs);
    EXPECT_TRUE(updated.ok()) << updated;
    ++schedule.version;
  }
  std::vector<int64_t> Kept(const ScheduleRecord& schedule, int limit) {
    const auto runs = schedules().ListRuns(schedule.key, limit);
    EXPECT_TRUE(runs.ok()) << runs.status();
    std::vector<int64_t> numbers;
    for (const ScheduleRun& run : *runs) numbers.push_back(run.number);
    return numbers;
  }
};
DQ_RUN_ON_EVERY_STORE(ScheduleStoreTest);

TEST_P(ScheduleStoreTest, AScheduleReadsBackFieldByField) {
  const ScheduleRecord schedule = Create(Schedule("s"));
  EXPECT_GT(schedule.key, 0);
  const auto view = schedules().GetSchedule("default", "s");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record, schedule);
  EXPECT_THAT(view->open, IsEmpty());
  EXPECT_EQ(schedules().GetScheduleByKey(schedule.key)->record, schedule);
  EXPECT_EQ(ReasonOf(schedules().GetSchedule("other", "s").status()), "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(schedules().GetScheduleByKey(schedule.key + 1).status()),
            "SCHEDULE_NOT_FOUND");
}

TEST_P(ScheduleStoreTest, ACreationThatIsRepeatedMakesNothingTwice) {
  const ScheduleRecord schedule = Create(Schedule("s"));
  const auto same_call = schedules().CreateSchedule(Schedule("s"));
  ASSERT_TRUE(same_call.ok()) << same_call.status();
  EXPECT_FALSE(same_call->existed);
  EXPECT_EQ(same_call->record, schedule);
  ScheduleRecord again = Schedule("t");
  again.request_id = schedule.request_id;
  again.request_hash = schedule.request_hash;
  const auto repeated = schedules().CreateSchedule(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->existed);
  EXPECT_EQ(repeated->record, schedule);
  again.request_hash = "another";
  EXPECT_EQ(ReasonOf(schedules().CreateSchedule(again).status()), "REQUEST_ID_REUSED");
  ScheduleRecord taken = Schedule("s");
  taken.uid = "another";
  taken.request_id = "";
  EXPECT_EQ(ReasonOf(schedules().CreateSchedule(taken).status()), "ID_TAKEN");
  taken.id = "u";
  Create(taken);
  taken.id = "v";
  taken.uid = "one more";
  Create(taken);
}

TEST_P(ScheduleStoreTest, AScheduleIsFoundByItsRequest) {
  const ScheduleRecord schedule = Create(Schedule("s"));
  const auto found = schedules().GetScheduleByRequest("default", schedule.request_id);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, schedule);
  EXPECT_EQ(ReasonOf(schedules().GetScheduleByRequest("other", schedule.request_id).status()),
            "SCHEDULE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(schedules().GetScheduleByRequest("default", "").status()),
            "SCHEDULE_NOT_FOUND");
}

TEST_P(ScheduleStoreTest, SchedulesAreListedNewestFirstInPages) {
  const ScheduleRecord first = Create(Schedule("a"));
  const ScheduleRecord second = Create(Schedule("b"));
  ScheduleRecord foreign = Schedule("c");
  foreign.project = "other";
  Create(foreign);
  EXPECT_THAT(*schedules().ListSchedules("default", 0, 1), ElementsAre(second));
  EXPECT_THAT(*schedules().ListSchedules("default", second.key, 5), ElementsAre(first));
}

TEST_P(ScheduleStoreTest, SoManyBytesOfTemplatesAreListedAtOnce) {
  for (const char* id : {"a", "b", "c", "d"}) {
    ScheduleRecord schedule = Schedule(id);
    schedule.request = std::string(static_cast<size_t>(kTemplateBytesListedMax / 2), 'x');
    Create(schedule);
  }
  const auto page = schedules().ListSchedules("default", 0, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ(page->back().id, "c");
  EXPECT_EQ(schedules().ListSchedules("default", page->back().key, 10)->size(), 2u);
}

TEST_P(ScheduleStoreTest, WhatChangesIsWrittenOnlyOverWhatWasRead) {
  ScheduleRecord schedule = Create(Schedule("s"));
  schedule.display_name = "another";
  schedule.labels = {};
  schedule.cron = "@daily";
  schedule.time_zone = "UTC";
  schedule.overlap = OverlapPolicy::kCancelRunning;
  schedule.catch_up_window = absl::Seconds(61);
  schedule.paused = false;
  schedule.kind = RunKind::kJob;
  schedule.request = "";
  schedule.update_time = At(1);
  schedule.revision = 2;
  schedule.decided_until = At(2);
  schedule.look_time = absl::InfiniteFuture();
  schedule.runs = 7;
  schedule.skipped = 8;
  schedule.missed = 9;
  ASSERT_TRUE(schedules().UpdateSchedule(schedule, {RunOf(7, RunState::kWaiting)}).ok());
  EXPECT_EQ(ReasonOf(schedules().UpdateSchedule(schedule, {RunOf(8, RunState::kWaiting)})),
            "SCHEDULE_CHANGED");
  ++schedule.version;
  const auto view = schedules().GetScheduleByKey(schedule.key);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record, schedule);
  EXPECT_THAT(view->open, ElementsAre(RunOf(7, RunState::kWaiting)));
}

TEST_P(ScheduleStoreTest, RunsReadBackFieldByFieldAndOnlyOpenOnesWithTheSchedule) {
  ScheduleRecord schedule = Create(Schedule("s"));
  ScheduleRun first = RunOf(1, RunState::kWaiting);
  first.is_triggered = true;
  first.request_id = "again and again";
  first.actor = "user:bob";
  first.kind = RunKind::kBatch;
  ScheduleRun second = RunOf(2, RunState::kWaiting);
  Update(schedule, {first, second});
  EXPECT_THAT(schedules().GetSchedule("default", "s")->open, ElementsAre(first, second));
  first.state = RunState::kRunning;
  first.target = "s-1";
  first.start_time = At(3);
  second.kind = RunKind::kBatch;  // The template has become one.
  second.state = RunState::kFailed;
  second.error_reason = "FILE_NOT_READY";
  second.error_message = "no \"such\" file";
  second.end_time = At(4);
  Update(schedule, {first, second});
  EXPECT_THAT(schedules().GetSchedule("default", "s")->open, ElementsAre(first));
  EXPECT_THAT(*schedules().ListRuns(schedule.key, 10), ElementsAre(second, first));
  EXPECT_THAT(*schedules().ListRuns(schedule.key, 1), ElementsAre(second));
  EXPECT_EQ(*schedules().GetRunByRequest(schedule.key, "again and again"), first);
  EXPECT_EQ(ReasonOf(schedules().GetRunByRequest(schedule.key, "").status()),
            "SCHEDULE_RUN_NOT_FOUND");
  EXPECT_EQ(ReasonOf(schedules().GetRunByRequest(schedule.key + 1, "again and again").status()),
            "SCHEDULE_RUN_NOT_FOUND");
}

TEST_P(ScheduleStoreTest, OldRunsAreForgottenButThoseThatGoOn) {
  ScheduleRecord schedule = Create(Schedule("s"));
  Update(schedule, {RunOf(1, RunState::kRunning), RunOf(2, RunState::kFailed)});
  EXPECT_THAT(Kept(schedule, 5), ElementsAre(2, 1));
  Update(schedule, {RunOf(kRunsKept + 1, RunState::kCompleted)});
  EXPECT_THAT(Kept(schedule, 5), ElementsAre(kRunsKept + 1, 2, 1));
  Update(schedule, {RunOf(kRunsKept + 2, RunState::kCompleted)});
  EXPECT_THAT(Kept(schedule, 5), ElementsAre(kRunsKept + 2, kRunsKept + 1, 1));
}

TEST_P(ScheduleStoreTest, ADeletedScheduleIsGoneWithItsRuns) {
  ScheduleRecord schedule = Create(Schedule("s"));
  const ScheduleRecord other = Create(Schedule("t"));
  Update(schedule, {RunOf(1, RunState::kRunning)});
  ASSERT_TRUE(schedules().DeleteSchedule("default", "s").ok());
  ASSERT_TRUE(schedules().DeleteSchedule("default", "s").ok());
  EXPECT_EQ(ReasonOf(schedules().GetScheduleByKey(schedule.key).status()), "SCHEDULE_NOT_FOUND");
  EXPECT_THAT(*schedules().ListRuns(schedule.key, 5), IsEmpty());
  EXPECT_EQ(schedules().ListRunEnds(5)->running, 0);
  EXPECT_EQ(ReasonOf(schedules().UpdateSchedule(schedule, {})), "SCHEDULE_CHANGED");
  EXPECT_EQ(schedules().GetScheduleByKey(other.key)->record, other);
  EXPECT_GT(Create(Schedule("s")).key, other.key);
}

TEST_P(ScheduleStoreTest, SchedulesAreDueInTheOrderOfTheirTimes) {
  ScheduleRecord late = Schedule("late");
  late.look_time = At(9);
  late = Create(late);
  const ScheduleRecord soon = Create(Schedule("soon"));
  ScheduleRecord never = Schedule("never");
  never.look_time = absl::InfiniteFuture();
  Create(never);
  EXPECT_THAT(*schedules().ListDueSchedules(9),
              ElementsAre(DueSchedule{soon.key, At(5)}, DueSchedule{late.key, At(9)}));
  EXPECT_THAT(*schedules().ListDueSchedules(1), ElementsAre(DueSchedule{soon.key, At(5)}));
}

TEST_P(ScheduleStoreTest, ARunHasEndedWithItsJob) {
  ScheduleRecord schedule = Create(Schedule("s"));
  EXPECT_EQ(schedules().ListRunEnds(5)->running, 0);
  JobScript job(100, "s-1");
  JobScript failed(101, "s-2");
  ASSERT_EQ(Commit({job.Create(), failed.Create()}).status(), absl::OkStatus());
  std::vector<ScheduleRun> runs;
  for (int number = 1; number <= 4; ++number) {
    runs.push_back(RunOf(number, RunState::kRunning));
    runs.back().target = "s-" + std::to_string(number);
  }
  runs[3].state = RunState::kWaiting;
  Update(schedule, runs);
  ASSERT_EQ(Commit({}, {failed.Cancel()}).status(), absl::OkStatus());
  const auto ends = schedules().ListRunEnds(5);
  ASSERT_TRUE(ends.ok()) << ends.status();
  EXPECT_EQ(ends->running, 3);
  EXPECT_THAT(
      ends->ended,
      ElementsAre(
          RunEnd{schedule.key, 2, RunKind::kJob, {"default", "s-2"}, false, JobState::kCancelled},
          RunEnd{schedule.key, 3, RunKind::kJob, {"default", "s-3"}, true}));
  EXPECT_EQ(schedules().ListRunEnds(1)->ended.size(), 1U);
}

TEST_P(ScheduleStoreTest, ARunHasEndedWithItsBatch) {
  ScheduleRecord schedule = Create(Schedule("s"));
  BatchRecord batch;
  batch.project = "default";
  batch.id = "s-1";
  batch.uid = "uid";
  batch.operations = 1;
  batch.run_time = batch.create_time = At(0);
  const auto created = batches().CreateBatch(batch, {"one"});
  ASSERT_TRUE(created.ok()) << created.status();
  std::vector<ScheduleRun> runs = {RunOf(1, RunState::kRunning), RunOf(2, RunState::kRunning)};
  for (ScheduleRun& run : runs) {
    run.kind = RunKind::kBatch;
    run.target = "s-" + std::to_string(run.number);
  }
  Update(schedule, runs);
  const RunEnd gone = {schedule.key, 2, RunKind::kBatch, {"default", "s-2"}, true};
  EXPECT_THAT(schedules().ListRunEnds(5)->ended, ElementsAre(gone));
  batch = created->record;
  batch.end_time = At(1);
  ASSERT_TRUE(batches().UpdateBatch(batch, {}).ok());
  const RunEnd ended = {schedule.key, 1, RunKind::kBatch, {"default", "s-1"}, false};
  EXPECT_THAT(schedules().ListRunEnds(5)->ended, ElementsAre(ended, gone));
}

}  // namespace
}  // namespace dq
