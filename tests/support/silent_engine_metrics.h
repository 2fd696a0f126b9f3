// Metrics of the engine for tests that count nothing. Stateless and thread-safe.
#pragma once

#include "scheduler/engine/engine_metrics.h"

namespace dq {

class SilentEngineMetrics : public EngineMetrics {
 public:
  void JobsInState(JobState, int64_t) override {}
  void JobFinished(JobState, absl::Duration) override {}
  void AttemptFailed(std::string_view) override {}
  void QueueWaited(absl::Duration) override {}
  void LeaseGranted() override {}
  void LeaseExpired() override {}
  void StaleMessageRefused() override {}
  void AdmissionRefused() override {}
  void JobsExpired(int64_t) override {}
  void UploadsExpired(int64_t) override {}
  void StorageCleared(int64_t) override {}
  void WorkersConnected(int64_t, int64_t, int64_t) override {}
  void BatchCommitted(int64_t, absl::Duration) override {}
  void CommitFailed() override {}
  void Leading(bool, int64_t) override {}
  void ScheduleTimes(std::string_view, int64_t) override {}
  void SchedulesOverdue(absl::Duration) override {}
  void WebhookAnswered(std::string_view) override {}
  void WebhookOutbox(int64_t, absl::Duration) override {}
};

}  // namespace dq
