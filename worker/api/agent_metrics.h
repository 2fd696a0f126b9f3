// What the agent counts. The process's metrics implement it. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"

namespace dq {

// How an attempt ended, as a label.
enum class AttemptEnd {
  kCompleted,
  kFailed,
  kStopped,   // Cancelled, revoked, fenced: its result is not wanted.
  kReleased,  // Handed back undone.
};

class AgentMetrics {
 public:
  virtual ~AgentMetrics() = default;
  virtual void AttemptEnded(AttemptEnd end) = 0;
  // A child process ran for `duration`.
  virtual void ChildRan(absl::Duration duration) = 0;
  // A stage of a completed job did its work.
  virtual void StageRan(std::string_view stage, int64_t rows, int64_t bytes, double seconds) = 0;
  // How many attempts run, and how many leases are in the reports.
  virtual void LeasesHeld(int32_t running, int64_t reported) = 0;
  // `leases` running attempts were stopped because nobody answered.
  virtual void SelfFenced(int64_t leases) = 0;
  // A stream to a scheduler was welcomed.
  virtual void StreamOpened() = 0;
  virtual void StreamLost() = 0;
};

}  // namespace dq
