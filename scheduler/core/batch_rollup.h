// What a batch is as a whole, from the numbers of its operations. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "scheduler/core/batch.h"

namespace dq {

// The operations of a batch by state. Those that are no jobs yet, or not even recorded, are
// PENDING, those that can be none FAILED.
struct BatchCounts {
  int64_t pending = 0;
  int64_t queued = 0;
  int64_t processing = 0;
  int64_t pausing = 0;
  int64_t paused = 0;
  int64_t cancelling = 0;
  int64_t completed = 0;
  int64_t failed = 0;
  int64_t cancelled = 0;
  int64_t skipped = 0;
  friend bool operator==(const BatchCounts&, const BatchCounts&) = default;
};

// Returns how many operations it has, as far as that is known: while it is being expanded, those
// that its source makes.
int64_t OperationsOf(const BatchRecord& batch);

// Counts them; the sum is OperationsOf().
BatchCounts CountOperations(const BatchView& batch);

// Returns how many have ended, and how many hold a lease.
inline int64_t Ended(const BatchCounts& counts) {
  return counts.completed + counts.failed + counts.cancelled + counts.skipped;
}
inline int64_t Leased(const BatchCounts& counts) {
  return counts.processing + counts.pausing + counts.cancelling;
}

// Returns whether every operation has ended, none is to be run again and no further one comes.
bool IsSettled(const BatchView& batch);

// Returns the state of the whole. Settled: COMPLETED when all operations are, else CANCELLED when
// a person cancelled it or nothing ran, PARTIAL_SUCCESS when some are completed, else FAILED. One
// whose expansion was halted lacks operations, so it is never COMPLETED.
BatchState RollUp(const BatchView& batch);

// Returns the name of a state, for example "PARTIAL_SUCCESS".
std::string_view StateName(BatchState state);

// Returns 0 to 100. `running_share` is the sum of what the running ones have done, 1 for a whole
// operation.
double PercentComplete(const BatchView& batch, double running_share);

// Returns how long the rest takes if it goes on as in this run so far; nothing while none of it is
// done, or nothing is to run.
std::optional<absl::Duration> TimeRemaining(const BatchView& batch, double running_share,
                                            absl::Time now);

}  // namespace dq
