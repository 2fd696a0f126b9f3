// The filter language of ListJobs: `field op value` terms joined by AND, a subset of AIP-160. Pure
// and thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduler/core/job_reader.h"

namespace dq {

inline constexpr size_t kFilterBytesMax = 4096;
inline constexpr size_t kFilterTermsMax = 32;

// Returns the terms of `filter`, none for an empty one. Fields: state, queue, stage, worker,
// created_by, labels.KEY, create_time, end_time, quality_score, error_reason, batch, verdict.
// Operators: = != on all of them; < <= > >= on times and numbers. Values: "text in quotes" (\" and
// \\ escape), a bare word or number. INVALID_ARGUMENT (FILTER_SYNTAX) with metadata `position`, the
// byte from 0.
absl::StatusOr<std::vector<JobFilterTerm>> ParseFilter(std::string_view filter);

}  // namespace dq
