#include "scheduler/dqctl/job_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/dqctl/table.h"

namespace dq::dqctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

dq::v1::Job Running() {
  dq::v1::Job job;
  job.set_state(dq::v1::JOB_STATE_PROCESSING);
  auto* progress = job.mutable_progress();
  progress->set_percent(50);
  progress->set_stage("dedupe");
  progress->set_stage_index(2);
  progress->set_stage_count(2);
  progress->set_rows_done(1'234'567);
  progress->mutable_estimated_end_time()->set_seconds(1'000'075);
  return job;
}

TEST(ProgressLine, ShowsEverythingWhenThereIsRoom) {
  EXPECT_EQ(ProgressLine(Running(), 120, kNow),
            "PROCESSING  [####################--------------------]   50.0 %  dedupe 2/2  "
            "1,234,567 rows  ETA 1:15");
}

TEST(ProgressLine, NeverExceedsTheWidthAndDropsTheLeastImportantFirst) {
  for (int width = 20; width < 140; ++width) {
    const std::string line = ProgressLine(Running(), width, kNow);
    EXPECT_LE(CodePoints(line), static_cast<size_t>(width)) << line;
    EXPECT_THAT(line, HasSubstr("50.0 %"));
  }
  EXPECT_THAT(ProgressLine(Running(), 60, kNow), Not(HasSubstr("rows")));
  EXPECT_THAT(ProgressLine(Running(), 60, kNow), HasSubstr("ETA 1:15"));
}

TEST(ProgressLine, WithoutAnEstimateShowsNoEta) {
  dq::v1::Job job = Running();
  job.mutable_progress()->clear_estimated_end_time();
  EXPECT_THAT(ProgressLine(job, 100, kNow), Not(HasSubstr("ETA")));
}

TEST(ProgressLine, OfNonsensePercentStaysABar) {
  dq::v1::Job job = Running();
  for (const double percent : {-5.0, 250.0}) {
    job.mutable_progress()->set_percent(percent);
    EXPECT_LE(CodePoints(ProgressLine(job, 80, kNow)), 80u);
  }
}

TEST(StateLine, SaysWhatTheJobWaitsFor) {
  dq::v1::Job job;
  job.set_state(dq::v1::JOB_STATE_QUEUED);
  job.mutable_wait()->set_reason(dq::v1::WAIT_REASON_BEHIND_OTHERS);
  job.mutable_wait()->set_position(1234);
  EXPECT_EQ(StateLine(job, kNow), "QUEUED, 1,234 ahead");
  job.mutable_wait()->set_position(0);
  EXPECT_EQ(StateLine(job, kNow), "QUEUED, next in its queue, waits for a free slot");
  job.mutable_spec()->set_queue("nightly");
  job.mutable_wait()->set_reason(dq::v1::WAIT_REASON_QUEUE_AT_LIMIT);
  job.mutable_wait()->set_position(3);
  EXPECT_EQ(StateLine(job, kNow), "QUEUED, its queue nightly runs as many jobs as it may, 3 ahead");
  job.mutable_spec()->set_concurrency_key("db");
  job.mutable_wait()->set_reason(dq::v1::WAIT_REASON_CONCURRENCY_KEY_AT_LIMIT);
  EXPECT_EQ(StateLine(job, kNow),
            "QUEUED, as many jobs with its concurrency key db run as may, 3 ahead");
  job.set_state(dq::v1::JOB_STATE_PENDING);
  job.mutable_wait()->set_reason(dq::v1::WAIT_REASON_BACKOFF);
  job.mutable_wait()->mutable_until()->set_seconds(1'000'002);
  job.mutable_error()->set_reason("WORKER_LOST");
  EXPECT_EQ(StateLine(job, kNow), "PENDING, next attempt in 0:02 after WORKER_LOST");
}

TEST(StateLine, SaysHowAPausedJobGoesOn) {
  dq::v1::Job job;
  job.set_name("projects/default/jobs/j-1");
  job.set_state(dq::v1::JOB_STATE_PAUSED);
  EXPECT_EQ(StateLine(job, kNow), "PAUSED, until `dqctl job resume j-1`");
}

TEST(StateLine, NamesTheJobsThatADependentWaitsFor) {
  dq::v1::Job job;
  job.set_state(dq::v1::JOB_STATE_PENDING);
  job.mutable_wait()->set_reason(dq::v1::WAIT_REASON_DEPENDENCY);
  job.mutable_spec()->add_depends_on("projects/default/jobs/load");
  EXPECT_EQ(StateLine(job, kNow), "PENDING, waits for load to complete");
  job.mutable_spec()->add_depends_on("projects/default/jobs/other");
  EXPECT_EQ(StateLine(job, kNow), "PENDING, waits for load, other to complete");
  for (const char* more : {"a", "b", "c"}) job.mutable_spec()->add_depends_on(more);
  EXPECT_EQ(StateLine(job, kNow), "PENDING, waits for load, other, a and 2 more to complete");
  job.set_state(dq::v1::JOB_STATE_SKIPPED);
  job.mutable_error()->set_reason("DEPENDENCY_FAILED");
  job.mutable_error()->set_message("Job load failed.");
  EXPECT_EQ(StateLine(job, kNow), "SKIPPED: DEPENDENCY_FAILED: Job load failed.");
}

TEST(ClockDuration, CountsUpToHoursAndNeverBelowZero) {
  EXPECT_EQ(ClockDuration(absl::Seconds(-3)), "0:00");
  EXPECT_EQ(ClockDuration(absl::Milliseconds(6500)), "0:07");
  EXPECT_EQ(ClockDuration(absl::Minutes(62) + absl::Seconds(3)), "1:02:03");
}

}  // namespace
}  // namespace dq::dqctl
