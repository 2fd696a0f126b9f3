// What is recorded when the database refuses a value of what ought to be: a pure rule, so that
// every store does alike. Stateless and thread-safe.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "scheduler/core/job_store.h"

namespace dq {

// Why a job failed of whose report the database took `why` as the answer: RESULT_REFUSED.
JobFailure RefusedResult(const absl::Status& why);

// Returns what is recorded in place of `update`, of which a value was refused. An attempt that it
// ends fails for good with RESULT_REFUSED, so that nobody repeats a report that can never be
// recorded; what came before that in the update stays but for its messages, what followed falls
// away. Nothing when it ends no attempt: the job stays as it is.
std::optional<JobUpdate> RefusedEnd(const JobUpdate& update, const absl::Status& why);

}  // namespace dq
