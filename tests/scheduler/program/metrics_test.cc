#include "scheduler/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dq {
namespace {

using testing::HasSubstr;
using testing::Not;

class SchedulerMetricsTest : public testing::Test {
 protected:
  MetricRegistry registry_{"dq-scheduler", "1.0.0"};
  SchedulerMetrics metrics_{registry_};
};

TEST_F(SchedulerMetricsTest, EverySeriesIsThereBeforeAnythingHappened) {
  const std::string text = registry_.Text();
  for (const char* series :
       {"dq_jobs{state=\"PENDING\"} 0", "dq_jobs{state=\"SKIPPED\"} 0",
        "dq_jobs_finished_total{outcome=\"COMPLETED\"} 0", "dq_leases_granted_total 0",
        "dq_leases_expired_total 0", "dq_messages_stale_total 0", "dq_commit_seconds_count 0",
        "dq_job_queue_wait_seconds_count 0", "dq_job_run_seconds_count 0", "dq_leader 0",
        "dq_webhook_deliveries_waiting 0"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
  EXPECT_THAT(text, Not(HasSubstr("outcome=\"QUEUED\"")));
}

TEST_F(SchedulerMetricsTest, WhatHappenedIsCounted) {
  metrics_.JobsInState(JobState::kQueued, 7);
  metrics_.JobFinished(JobState::kFailed, absl::Seconds(2));
  metrics_.QueueWaited(absl::Milliseconds(3));
  metrics_.LeaseGranted();
  metrics_.WorkersConnected(2, 8, 5);
  metrics_.BatchCommitted(10, absl::Milliseconds(1));
  metrics_.Leading(true, 3);
  metrics_.UploadsExpired(6);
  metrics_.ScheduleTimes("missed", 3);
  metrics_.SchedulesOverdue(absl::Seconds(7));
  metrics_.WebhookAnswered("delivered");
  metrics_.WebhookOutbox(4, absl::Seconds(9));
  metrics_.RpcFinished("JobService/GetJob", "NOT_FOUND", absl::Milliseconds(2));
  const std::string text = registry_.Text();
  for (const char* series :
       {"dq_jobs{state=\"QUEUED\"} 7", "dq_jobs_finished_total{outcome=\"FAILED\"} 1",
        "dq_job_run_seconds_sum 2", "dq_job_queue_wait_seconds_count 1",
        "dq_leases_granted_total 1", "dq_workers 2", "dq_worker_slots 8", "dq_worker_slots_busy 5",
        "dq_uploads_expired_total 6", "dq_schedule_times_total{outcome=\"missed\"} 3",
        "dq_schedule_oldest_overdue_seconds 7", "dq_commit_rows_total 10", "dq_leader 1",
        "dq_leader_epoch 3", "dq_webhook_attempts_total{outcome=\"delivered\"} 1",
        "dq_webhook_deliveries_waiting 4", "dq_webhook_oldest_delivery_seconds 9",
        "dq_rpc_seconds_count{code=\"NOT_FOUND\",method=\"JobService/GetJob\"} 1"}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
}

TEST_F(SchedulerMetricsTest, ReasonsOfWorkersDoNotMakeSeries) {
  metrics_.AttemptFailed("PARSE_FAILED");
  metrics_.AttemptFailed("made up by a worker");
  const std::string text = registry_.Text();
  EXPECT_THAT(text, HasSubstr("dq_attempts_failed_total{reason=\"PARSE_FAILED\"} 1"));
  EXPECT_THAT(text, HasSubstr("dq_attempts_failed_total{reason=\"OTHER\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("made up")));
}

}  // namespace
}  // namespace dq
