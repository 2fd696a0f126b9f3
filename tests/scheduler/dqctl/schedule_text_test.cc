#include "scheduler/dqctl/schedule_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace dq::dqctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

dq::v1::Schedule Nightly() {
  dq::v1::Schedule schedule;
  schedule.set_name("projects/default/schedules/nightly");
  schedule.set_cron("30 2 * * *");
  schedule.set_time_zone("Europe/Berlin");
  schedule.set_overlap_policy(dq::v1::OVERLAP_POLICY_CANCEL_RUNNING);
  schedule.mutable_catch_up_window()->set_seconds(3'600);
  schedule.mutable_job();
  schedule.add_next_fire_times()->set_seconds(86'400);
  schedule.set_runs(1'234);
  return schedule;
}

std::string Printed(const Table& table) {
  std::ostringstream out;
  table.Print(out);
  return out.str();
}

TEST(ScheduleText, AListSaysWhenEachRunsNext) {
  dq::v1::Schedule schedule = Nightly();
  EXPECT_THAT(Printed(SchedulesTable({&schedule, 1})),
              HasSubstr("nightly   30 2 * * *  Europe/Berlin  1970-01-02 00:00:00  1,234"));
  schedule.set_paused(true);
  EXPECT_THAT(Printed(SchedulesTable({&schedule, 1})), HasSubstr("Europe/Berlin  paused"));
}

TEST(ScheduleText, DetailsNameThePolicyAndTheRuns) {
  dq::v1::Schedule schedule = Nightly();
  dq::v1::ScheduleRun& run = *schedule.add_recent_runs();
  run.set_number(7);
  run.mutable_fire_time()->set_seconds(86'400);
  run.set_state(dq::v1::SCHEDULE_RUN_STATE_COMPLETED);
  run.set_job("projects/default/jobs/nightly-19700102t0000");
  run.set_triggered(true);
  dq::v1::ScheduleRun& failed = *schedule.add_recent_runs();
  failed.set_state(dq::v1::SCHEDULE_RUN_STATE_FAILED);
  failed.set_error_reason("FILE_NOT_READY");
  failed.set_error_message("upload it first");
  const std::string details = Printed(ScheduleDetails(schedule));
  EXPECT_THAT(details, HasSubstr("cancel running"));
  EXPECT_THAT(details, HasSubstr("a job"));
  EXPECT_THAT(details, HasSubstr("1:00:00"));
  EXPECT_THAT(details, Not(HasSubstr("paused")));
  EXPECT_THAT(
      details,
      HasSubstr("run 7       1970-01-02 00:00:00 COMPLETED nightly-19700102t0000, triggered"));
  EXPECT_THAT(details, HasSubstr("FAILED FILE_NOT_READY: upload it first"));
  EXPECT_THAT(Printed(RunDetails(run)), HasSubstr("run 7  1970-01-02 00:00:00 COMPLETED"));
  for (int i = 0; i < 2; ++i) schedule.mutable_batch()->add_operations();
  EXPECT_THAT(Printed(ScheduleDetails(schedule)), HasSubstr("a batch of 2"));
}

}  // namespace
}  // namespace dq::dqctl
