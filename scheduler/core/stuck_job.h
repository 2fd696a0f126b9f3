// Which unfinished jobs do not get on, and why. Pure: facts in, a diagnosis out.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq {

// Numbers equal dq.v1.StuckDiagnosis.
enum class StuckDiagnosis : int16_t { kNoProgress = 1, kNotStopping = 2, kNoWorker = 3 };

// What can be done about it; numbers equal dq.v1.RecoverAction.
enum class RecoverAction : int16_t { kRelease = 1, kRetry = 2, kFail = 3 };

// How long is too long.
struct StuckLimits {
  absl::Duration no_progress_for = absl::Minutes(5);
  absl::Duration waiting_for = absl::Minutes(1);
};

// What is known of an unfinished job.
struct StuckFacts {
  JobState state = JobState::kPending;
  absl::Duration no_progress_for;  // Of the attempt, while it runs.
  absl::Duration in_state_for;
  bool has_worker = false;  // Whether a worker in service offers its stages.
};

// Returns why the job does not get on; nothing when it does, or waits for what will come.
inline std::optional<StuckDiagnosis> Diagnose(const StuckFacts& facts, const StuckLimits& limits) {
  if (facts.state == JobState::kProcessing && facts.no_progress_for >= limits.no_progress_for) {
    return StuckDiagnosis::kNoProgress;
  }
  const bool is_stopping =
      facts.state == JobState::kPausing || facts.state == JobState::kCancelling;
  if (is_stopping && facts.in_state_for >= limits.no_progress_for) {
    return StuckDiagnosis::kNotStopping;
  }
  const bool waits = facts.state == JobState::kQueued && facts.in_state_for >= limits.waiting_for;
  return waits && !facts.has_worker ? std::optional(StuckDiagnosis::kNoWorker) : std::nullopt;
}

}  // namespace dq
