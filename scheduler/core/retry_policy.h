// Decides what the end of an attempt makes of its job: the event for the state table, what it is
// charged, and how long it waits. Pure and stateless: the same snapshot always gives the same
// answer.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq {

// The ways an attempt can end, as far as the state machine cares.
enum class AttemptEnd {
  kCompleted,
  kFailedRetryable,  // The worker says another attempt could succeed.
  kFailedForGood,    // Bad input or bad configuration: retrying cannot help the user.
  kStopped,          // The worker stopped it, as a revocation asked.
  kReleased,         // Given back undone; never charged.
  kLost,             // The lease expired.
  kTimedOut,         // The attempt took longer than it may.
  kStalled,          // The attempt got no further for longer than it may.
};

struct AttemptDecision {
  JobEvent event = JobEvent::kGiveUp;  // Always legal in the job's state.
  int32_t charges = 0;                 // To add.
  int32_t losses = 0;                  // To add.
  bool poison = false;                 // Gives up because too many workers were lost over it.
  absl::Duration backoff;              // With kRetry: how long it stays PENDING.
};

class RetryPolicy {
 public:
  // A job is given up as poison with its `poison_losses_max`-th lost lease.
  explicit RetryPolicy(int poison_losses_max) : poison_losses_max_(poison_losses_max) {}

  // Decides for a job in a leased state. A completion is refused while CANCELLING: it confirms the
  // cancel. A stop nobody asked for counts as a failure that may be retried.
  AttemptDecision Decide(const JobRules& rules, const JobStatus& status, AttemptEnd end) const;

 private:
  AttemptDecision DecideProcessing(const JobRules& rules, const JobStatus& status,
                                   AttemptEnd end) const;

  int poison_losses_max_;
};

// Returns the wait after the `charges`-th charged attempt (from 1): `backoff`, multiplied from one
// to the next, never more than the cap.
absl::Duration BackoffAfter(const JobRules& rules, int32_t charges);

}  // namespace dq
