// Finds the result of an earlier job for one that will do with it: the same work over the same
// bytes by an engine that a connected worker has. Thread-safe.
#pragma once

#include "absl/status/status.h"
#include "dq/v1/job.pb.h"
#include "dq/v1/worker_service.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/core/job.h"

namespace dq {

// Returns whether a job with this grant makes the very output that one with the other makes, and
// under the same names: stages with all their options, the bytes and name of the input, the
// reference, the form and the gate are equal.
bool IsSameWork(const v1::Grant& a, const v1::Grant& b);

// Gives `record`, new and made from `spec`, the result of an earlier job, when the spec asks for
// one and there is one: see JobSpec.use_cached_result. Blocks; costs nothing when it does not ask.
// What keeps it from looking is returned, but for an engine that is not known: then the job runs.
absl::Status UseEarlierResult(const ApiPorts& ports, const v1::JobSpec& spec, JobRecord& record);

}  // namespace dq
