#include "scheduler/core/retry_policy.h"

#include <algorithm>

namespace dq {
namespace {

bool IsCharged(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::kCompleted:
    case AttemptEnd::kStopped:
    case AttemptEnd::kReleased:
      return false;
    case AttemptEnd::kFailedRetryable:
    case AttemptEnd::kFailedForGood:
    case AttemptEnd::kLost:
    case AttemptEnd::kTimedOut:
    case AttemptEnd::kStalled:
      return true;
  }
  return true;
}

// A cancel was acknowledged: whatever the attempt's end, the job becomes CANCELLED.
JobEvent EventWhileCancelling(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::kCompleted:
    case AttemptEnd::kStopped:
      return JobEvent::kConfirmCancel;
    case AttemptEnd::kReleased:
      return JobEvent::kRelease;
    case AttemptEnd::kLost:
      return JobEvent::kLose;
    case AttemptEnd::kFailedRetryable:
    case AttemptEnd::kFailedForGood:
    case AttemptEnd::kTimedOut:
    case AttemptEnd::kStalled:
      return JobEvent::kGiveUp;
  }
  return JobEvent::kConfirmCancel;
}

// A pause was asked for: what could be retried is paused instead and runs again after a resume.
JobEvent EventWhilePausing(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::kCompleted:
      return JobEvent::kComplete;
    case AttemptEnd::kStopped:
      return JobEvent::kConfirmPause;
    case AttemptEnd::kReleased:
      return JobEvent::kRelease;
    case AttemptEnd::kLost:
    case AttemptEnd::kFailedRetryable:
    case AttemptEnd::kTimedOut:
    case AttemptEnd::kStalled:
      return JobEvent::kLose;
    case AttemptEnd::kFailedForGood:
      return JobEvent::kGiveUp;
  }
  return JobEvent::kGiveUp;
}

}  // namespace

absl::Duration BackoffAfter(const JobRules& rules, int32_t charges) {
  absl::Duration wait = rules.backoff;
  for (int32_t i = 1; i < charges && wait < rules.backoff_cap; ++i) {
    wait *= rules.backoff_multiplier;
  }
  return std::min(wait, rules.backoff_cap);
}

AttemptDecision RetryPolicy::Decide(const JobRules& rules, const JobStatus& status,
                                    AttemptEnd end) const {
  if (status.state == JobState::kProcessing) return DecideProcessing(rules, status, end);
  AttemptDecision decision;
  decision.event =
      status.state == JobState::kPausing ? EventWhilePausing(end) : EventWhileCancelling(end);
  decision.charges = IsCharged(end) ? 1 : 0;
  decision.losses = end == AttemptEnd::kLost ? 1 : 0;
  if (decision.event != JobEvent::kLose || status.state != JobState::kPausing) return decision;
  // What could not be retried is not paused either.
  decision.poison = decision.losses > 0 && status.losses + 1 >= poison_losses_max_;
  if (decision.poison || status.charges + 1 >= rules.max_attempts) {
    decision.event = JobEvent::kGiveUp;
  }
  return decision;
}

AttemptDecision RetryPolicy::DecideProcessing(const JobRules& rules, const JobStatus& status,
                                              AttemptEnd end) const {
  AttemptDecision decision;
  if (end == AttemptEnd::kCompleted || end == AttemptEnd::kReleased) {
    decision.event = end == AttemptEnd::kCompleted ? JobEvent::kComplete : JobEvent::kRelease;
    return decision;
  }
  decision.charges = 1;
  decision.losses = end == AttemptEnd::kLost ? 1 : 0;
  const int32_t charges = status.charges + decision.charges;
  decision.poison = decision.losses > 0 && status.losses + 1 >= poison_losses_max_;
  const bool give_up =
      decision.poison || end == AttemptEnd::kFailedForGood || charges >= rules.max_attempts;
  decision.event = give_up ? JobEvent::kGiveUp : JobEvent::kRetry;
  if (!give_up) decision.backoff = BackoffAfter(rules, charges);
  return decision;
}

}  // namespace dq
