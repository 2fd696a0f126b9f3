// Jobs and their events as the API shows them. Pure and thread-safe.
#pragma once

#include "absl/status/status.h"
#include "dq/v1/job.pb.h"
#include "scheduler/core/job.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

// Returns the job of a record, without progress.
v1::Job ToProto(const JobRecord& record);

// Returns the job with its progress and place in the queue.
v1::Job ToProto(const JobView& view);

v1::Progress ToProto(const JobProgress& progress);
v1::JobEvent ToProto(const JobEventRecord& event);
v1::JobError ToProto(const JobFailure& failure);

// Returns an error with its reason, as one of several answers to a call.
v1::JobError ErrorToProto(const absl::Status& status);

}  // namespace dq
