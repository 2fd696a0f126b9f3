// Port: what the engine tells the metrics. Implemented in scheduler/metrics.cc on prometheus-cpp;
// engine code says what happened, not which series that is. Thread-safe, cheap, never blocks.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq {

class EngineMetrics {
 public:
  virtual ~EngineMetrics() = default;
  virtual void JobsInState(JobState state, int64_t count) = 0;  // Sets the gauge.
  virtual void JobFinished(JobState outcome, absl::Duration run_time) = 0;
  virtual void AttemptFailed(std::string_view reason) = 0;
  virtual void QueueWaited(absl::Duration wait) = 0;
  virtual void LeaseGranted() = 0;
  virtual void LeaseExpired() = 0;
  virtual void StaleMessageRefused() = 0;
  virtual void AdmissionRefused() = 0;         // A new job, because of a limit on unfinished ones.
  virtual void JobsExpired(int64_t jobs) = 0;  // Deleted, because they ended long ago.
  virtual void UploadsExpired(int64_t files) = 0;  // Deleted: old, and named by nothing.
  virtual void StorageCleared(int64_t debts) = 0;  // Of what deleted jobs have left there.
  virtual void WorkersConnected(int64_t workers, int64_t slots, int64_t slots_busy) = 0;
  virtual void BatchCommitted(int64_t rows, absl::Duration time) = 0;
  virtual void CommitFailed() = 0;
  virtual void Leading(bool leading, int64_t epoch) = 0;
  // What came of times and triggers of schedules: a run that ended "completed", "partial_success",
  // "failed" or "cancelled"; or none, "skipped" because of an earlier run, "missed" by all leaders.
  virtual void ScheduleTimes(std::string_view outcome, int64_t times) = 0;
  // For how long the schedule that waits longest has been due; 0 when none is.
  virtual void SchedulesOverdue(absl::Duration oldest) = 0;
  // What came of a message to a webhook: "delivered", "to_be_retried" or "failed".
  virtual void WebhookAnswered(std::string_view outcome) = 0;
  // How many messages wait, and since when the oldest does.
  virtual void WebhookOutbox(int64_t waiting, absl::Duration oldest_age) = 0;
};

}  // namespace dq
