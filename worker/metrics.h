// The metrics of dq-worker-agent. Thread-safe.
#pragma once

#include <memory>

#include "common/telemetry/metric_registry.h"
#include "worker/api/agent_metrics.h"

namespace dq {

class WorkerMetrics final : public AgentMetrics {
 public:
  // Registers every family in `registry`, which outlives this.
  explicit WorkerMetrics(MetricRegistry& registry);
  ~WorkerMetrics() override;

  void AttemptEnded(AttemptEnd end) override;
  void ChildRan(absl::Duration duration) override;
  void StageRan(std::string_view stage, int64_t rows, int64_t bytes, double seconds) override;
  void LeasesHeld(int32_t running, int64_t reported) override;
  void SelfFenced(int64_t leases) override;
  void StreamOpened() override;
  void StreamLost() override;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace dq
