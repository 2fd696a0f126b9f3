// What a job may look like: the checks of CreateJob that need nothing but the request. Pure and
// thread-safe.
#pragma once

#include "absl/status/status.h"
#include "dq/v1/job_service.pb.h"

namespace dq {

// Checks every field of `request`. INVALID_ARGUMENT with all violations found: UNKNOWN_STAGE when a
// stage has no kind that this scheduler knows, else BAD_FIELD.
absl::Status ValidateCreateJob(const v1::CreateJobRequest& request);

}  // namespace dq
