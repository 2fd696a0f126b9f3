// Stuck jobs, and what could not be done about jobs, to Protobuf: with the words in which people
// are told why and what to do. Stateless and thread-safe.
#pragma once

#include "absl/status/status.h"
#include "dq/v1/admin_service.pb.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

v1::StuckJob StuckJobToProto(const StuckView& view);

// Returns that nothing was done about a job because of `why`.
v1::JobRefusal JobRefusalToProto(const JobName& job, const absl::Status& why);

}  // namespace dq
