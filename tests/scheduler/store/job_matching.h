// Compares job records in tests, field by field.
#pragma once

#include <gtest/gtest.h>

#include "scheduler/core/job.h"

namespace dq {

inline void ExpectSameStatus(const JobStatus& got, const JobStatus& want) {
  EXPECT_EQ(got.state, want.state);
  EXPECT_EQ(got.attempt, want.attempt);
  EXPECT_EQ(got.charges, want.charges);
  EXPECT_EQ(got.losses, want.losses);
  EXPECT_EQ(got.lease_token, want.lease_token);
  EXPECT_EQ(got.worker, want.worker);
  EXPECT_EQ(got.wait_reason, want.wait_reason);
  EXPECT_EQ(got.wait_until, want.wait_until);
  EXPECT_EQ(got.error, want.error);
  EXPECT_EQ(got.start_time, want.start_time);
  EXPECT_EQ(got.end_time, want.end_time);
  EXPECT_EQ(got.version, want.version);
}

inline void ExpectSameRules(const JobRules& got, const JobRules& want) {
  EXPECT_EQ(got.queue, want.queue);
  EXPECT_EQ(got.priority, want.priority);
  EXPECT_EQ(got.stages, want.stages);
  EXPECT_EQ(got.max_attempts, want.max_attempts);
  EXPECT_EQ(got.backoff, want.backoff);
  EXPECT_EQ(got.backoff_multiplier, want.backoff_multiplier);
  EXPECT_EQ(got.backoff_cap, want.backoff_cap);
  EXPECT_EQ(got.execution_timeout, want.execution_timeout);
  EXPECT_EQ(got.no_progress_timeout, want.no_progress_timeout);
  EXPECT_EQ(got.start_deadline, want.start_deadline);
  EXPECT_EQ(got.not_before, want.not_before);
  EXPECT_EQ(got.concurrency_key, want.concurrency_key);
  EXPECT_EQ(got.concurrency_max, want.concurrency_max);
}

inline void ExpectSameJob(const JobRecord& got, const JobRecord& want) {
  SCOPED_TRACE(want.name.id);
  EXPECT_EQ(got.key, want.key);
  EXPECT_EQ(got.name, want.name);
  EXPECT_EQ(got.uid, want.uid);
  EXPECT_EQ(got.display_name, want.display_name);
  EXPECT_EQ(got.request_id, want.request_id);
  EXPECT_EQ(got.request_hash, want.request_hash);
  EXPECT_EQ(got.created_by, want.created_by);
  EXPECT_EQ(got.labels, want.labels);
  EXPECT_EQ(got.create_time, want.create_time);
  EXPECT_EQ(got.dependencies, want.dependencies);
  EXPECT_EQ(got.batch, want.batch);
  EXPECT_EQ(got.payload.spec, want.payload.spec);
  EXPECT_EQ(got.payload.grant, want.payload.grant);
  EXPECT_EQ(got.result, want.result);
  ExpectSameRules(got.rules, want.rules);
  ExpectSameStatus(got.status, want.status);
}

inline void ExpectSameEvent(const JobEventRecord& got, const JobEventRecord& want) {
  EXPECT_EQ(got.sequence, want.sequence);
  EXPECT_EQ(got.time, want.time);
  EXPECT_EQ(got.event, want.event);
  EXPECT_EQ(got.from, want.from);
  EXPECT_EQ(got.to, want.to);
  EXPECT_EQ(got.attempt, want.attempt);
  EXPECT_EQ(got.worker, want.worker);
  EXPECT_EQ(got.actor, want.actor);
  EXPECT_EQ(got.reason, want.reason);
  EXPECT_EQ(got.message, want.message);
}

}  // namespace dq
