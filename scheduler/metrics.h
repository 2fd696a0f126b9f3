// The scheduler's metrics on prometheus-cpp: the ports of engine and api, implemented. Labels are
// enums and other closed sets, never ids. Thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "common/base/mutex.h"
#include "common/telemetry/metric_registry.h"
#include "scheduler/api/rpc_metrics.h"
#include "scheduler/engine/engine_metrics.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
template <typename T>
class Family;
}  // namespace prometheus

namespace dq {

class SchedulerMetrics final : public EngineMetrics, public RpcMetrics {
 public:
  // Registers every family; `registry` outlives this.
  explicit SchedulerMetrics(MetricRegistry& registry);

  void JobsInState(JobState state, int64_t count) override;
  void JobFinished(JobState outcome, absl::Duration run_time) override;
  void AttemptFailed(std::string_view reason) override;
  void QueueWaited(absl::Duration wait) override;
  void LeaseGranted() override;
  void LeaseExpired() override;
  void StaleMessageRefused() override;
  void AdmissionRefused() override;
  void JobsExpired(int64_t jobs) override;
  void UploadsExpired(int64_t files) override;
  void StorageCleared(int64_t debts) override;
  void WorkersConnected(int64_t workers, int64_t slots, int64_t slots_busy) override;
  void BatchCommitted(int64_t rows, absl::Duration time) override;
  void CommitFailed() override;
  void Leading(bool leading, int64_t epoch) override;
  void ScheduleTimes(std::string_view outcome, int64_t times) override;
  void SchedulesOverdue(absl::Duration oldest) override;
  void WebhookAnswered(std::string_view outcome) override;
  void WebhookOutbox(int64_t waiting, absl::Duration oldest_age) override;

  void RpcFinished(std::string_view method, std::string_view code, absl::Duration time) override;

 private:
  static constexpr size_t kStates = 11;  // Indexed by JobState.

  std::array<prometheus::Gauge*, kStates> jobs_{};
  std::array<prometheus::Counter*, kStates> finished_{};
  prometheus::Family<prometheus::Counter>& attempts_failed_;
  prometheus::Family<prometheus::Histogram>& rpc_seconds_;
  // Of `rpc_seconds_` by method and code: to look one up there costs more than to observe.
  Mutex mutex_;
  absl::flat_hash_map<std::string, prometheus::Histogram*> rpc_histograms_ GUARDED_BY(mutex_);
  prometheus::Histogram& run_seconds_;
  prometheus::Histogram& wait_seconds_;
  prometheus::Histogram& commit_seconds_;
  prometheus::Counter& commit_rows_;
  prometheus::Counter& commits_failed_;
  prometheus::Counter& leases_granted_;
  prometheus::Counter& leases_expired_;
  prometheus::Counter& messages_stale_;
  prometheus::Counter& admissions_refused_;
  prometheus::Counter& jobs_expired_;
  prometheus::Counter& uploads_expired_;
  prometheus::Counter& storage_cleared_;
  prometheus::Gauge& workers_;
  prometheus::Gauge& slots_;
  prometheus::Gauge& slots_busy_;
  prometheus::Gauge& leader_;
  prometheus::Gauge& epoch_;
  prometheus::Family<prometheus::Counter>& schedule_times_;
  prometheus::Gauge& schedule_overdue_seconds_;
  prometheus::Family<prometheus::Counter>& webhook_attempts_;
  prometheus::Gauge& webhooks_waiting_;
  prometheus::Gauge& webhook_oldest_seconds_;
};

}  // namespace dq
