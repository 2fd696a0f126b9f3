// What may be wished of a batch, and what its record becomes by it. Pure and thread-safe.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/core/batch.h"

namespace dq {

// Each returns the record with the wish in it, or as it is when there is nothing to wish: the same
// version either way. FAILED_PRECONDITION (ILLEGAL_TRANSITION).

// Nothing that has not ended starts or goes on. Not in one all of which has ended, but as
// CANCELLED. In one that had ended, operations that a person runs again are cancelled.
absl::StatusOr<BatchRecord> WishCancel(const BatchView& batch, absl::Time now);
// Not in one that is stopped or cancelled, or has ended.
absl::StatusOr<BatchRecord> WishPause(const BatchView& batch, absl::Time now);
absl::StatusOr<BatchRecord> WishResume(const BatchView& batch, absl::Time now);
// Only in one that has ended and is not all COMPLETED, or whose retry goes on.
absl::StatusOr<BatchRecord> WishRetry(const BatchView& batch, absl::Time now);

}  // namespace dq
