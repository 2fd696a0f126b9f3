// The result of a completed job whose chain makes nothing, as noop does: recorded by having no row
// in job_result. Constant, thread-safe.
#pragma once

#include <optional>

#include "scheduler/core/job.h"

namespace dq {

inline const JobResult kNothingMade = {"", "", "", std::nullopt, Verdict::kNotEvaluated, {}};

}  // namespace dq
