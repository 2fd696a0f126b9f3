#include "scheduler/metrics.h"

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

// Reasons come from workers, so that they are counted one by one only when they are known.
constexpr std::string_view kReasons[] = {
    "FILE_MISSING",        "UNSUPPORTED_FORMAT", "PARSE_FAILED",        "ENCODING_INVALID",
    "SCHEMA_INCOMPATIBLE", "REFERENCE_MISSING",  "OUT_OF_MEMORY",       "TIMEOUT",
    "NO_PROGRESS",         "DISK_FULL",          "WORKER_LOST",         "POISON",
    "INPUT_CHANGED",       "DEPENDENCY_FAILED",  "COMPRESSION_INVALID", "UNPACKED_TOO_LARGE"};

const Buckets& RpcBuckets() {
  static const Buckets buckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                  0.1,    0.25,  0.5,    1,     2.5,  10};
  return buckets;
}

const Buckets& WaitBuckets() {
  static const Buckets buckets = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5,  1,    5,
                                  10,    30,    60,   300,  900, 3600, 14400};
  return buckets;
}

Gauge& AddGauge(Registry& registry, const std::string& name, const std::string& help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Counter& AddCounter(Registry& registry, const std::string& name, const std::string& help) {
  return BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

Histogram& AddHistogram(Registry& registry, const std::string& name, const std::string& help,
                        const Buckets& buckets) {
  return BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

std::string_view KnownReason(std::string_view reason) {
  for (const std::string_view known : kReasons) {
    if (reason == known) return known;
  }
  return "OTHER";
}

}  // namespace

SchedulerMetrics::SchedulerMetrics(MetricRegistry& registry)
    : attempts_failed_(BuildCounter()
                           .Name("dq_attempts_failed_total")
                           .Help("Attempts that failed or were lost, by reason.")
                           .Register(registry.families())),
      rpc_seconds_(BuildHistogram()
                       .Name("dq_rpc_seconds")
                       .Help("Duration of calls by method and status code.")
                       .Register(registry.families())),
      run_seconds_(AddHistogram(registry.families(), "dq_job_run_seconds",
                                "From the last grant of a job to its end.", WaitBuckets())),
      wait_seconds_(AddHistogram(registry.families(), "dq_job_queue_wait_seconds",
                                 "From ready to granted.", WaitBuckets())),
      commit_seconds_(AddHistogram(registry.families(), "dq_commit_seconds",
                                   "Duration of group commits.", RpcBuckets())),
      commit_rows_(AddCounter(registry.families(), "dq_commit_rows_total",
                              "Jobs inserted or updated by group commits.")),
      commits_failed_(AddCounter(registry.families(), "dq_commits_failed_total",
                                 "Group commits that the database did not take.")),
      leases_granted_(
          AddCounter(registry.families(), "dq_leases_granted_total", "Jobs given to workers.")),
      leases_expired_(AddCounter(registry.families(), "dq_leases_expired_total",
                                 "Leases that ended because the worker did not report.")),
      messages_stale_(AddCounter(registry.families(), "dq_messages_stale_total",
                                 "Outcomes refused because their lease is not the newest.")),
      admissions_refused_(AddCounter(registry.families(), "dq_admissions_refused_total",
                                     "New jobs refused because of a limit on unfinished ones.")),
      jobs_expired_(AddCounter(registry.families(), "dq_jobs_expired_total",
                               "Jobs deleted because they ended longer ago than is retained.")),
      uploads_expired_(AddCounter(registry.families(), "dq_uploads_expired_total",
                                  "Uploads deleted because they are older than is retained and "
                                  "nothing names them.")),
      storage_cleared_(AddCounter(registry.families(), "dq_storage_cleared_total",
                                  "Deleted jobs and files whose bytes were removed.")),
      workers_(AddGauge(registry.families(), "dq_workers", "Connected workers.")),
      slots_(AddGauge(registry.families(), "dq_worker_slots", "Slots of connected workers.")),
      slots_busy_(AddGauge(registry.families(), "dq_worker_slots_busy", "Slots that run a job.")),
      leader_(AddGauge(registry.families(), "dq_leader", "1 while this replica leads.")),
      epoch_(AddGauge(registry.families(), "dq_leader_epoch",
                      "Epoch of this replica's last leadership.")),
      schedule_times_(BuildCounter()
                          .Name("dq_schedule_times_total")
                          .Help("Times and triggers of schedules, by what came of them.")
                          .Register(registry.families())),
      schedule_overdue_seconds_(
          AddGauge(registry.families(), "dq_schedule_oldest_overdue_seconds",
                   "For how long the schedule that waits longest has been due; 0: none is.")),
      webhook_attempts_(BuildCounter()
                            .Name("dq_webhook_attempts_total")
                            .Help("Messages posted to webhooks, by outcome.")
                            .Register(registry.families())),
      webhooks_waiting_(AddGauge(registry.families(), "dq_webhook_deliveries_waiting",
                                 "Deliveries to webhooks that wait, up to 100,000.")),
      webhook_oldest_seconds_(AddGauge(registry.families(), "dq_webhook_oldest_delivery_seconds",
                                       "Age of the oldest delivery that waits.")) {
  Family<Gauge>& jobs =
      BuildGauge().Name("dq_jobs").Help("Jobs by state.").Register(registry.families());
  Family<Counter>& finished = BuildCounter()
                                  .Name("dq_jobs_finished_total")
                                  .Help("Jobs that ended, by outcome.")
                                  .Register(registry.families());
  for (size_t i = 1; i < kStates; ++i) {
    const auto state = static_cast<JobState>(i);
    const std::string name(StateName(state));
    jobs_[i] = &jobs.Add({{"state", name}});
    if (IsTerminal(state)) finished_[i] = &finished.Add({{"outcome", name}});
  }
}

void SchedulerMetrics::JobsInState(JobState state, int64_t count) {
  jobs_[static_cast<size_t>(state)]->Set(static_cast<double>(count));
}

void SchedulerMetrics::JobFinished(JobState outcome, absl::Duration run_time) {
  finished_[static_cast<size_t>(outcome)]->Increment();
  run_seconds_.Observe(absl::ToDoubleSeconds(run_time));
}

void SchedulerMetrics::AttemptFailed(std::string_view reason) {
  attempts_failed_.Add({{"reason", std::string(KnownReason(reason))}}).Increment();
}

void SchedulerMetrics::QueueWaited(absl::Duration wait) {
  wait_seconds_.Observe(absl::ToDoubleSeconds(wait));
}

void SchedulerMetrics::LeaseGranted() { leases_granted_.Increment(); }

void SchedulerMetrics::LeaseExpired() { leases_expired_.Increment(); }

void SchedulerMetrics::AdmissionRefused() { admissions_refused_.Increment(); }

void SchedulerMetrics::StaleMessageRefused() { messages_stale_.Increment(); }

void SchedulerMetrics::JobsExpired(int64_t jobs) {
  jobs_expired_.Increment(static_cast<double>(jobs));
}

void SchedulerMetrics::UploadsExpired(int64_t files) {
  uploads_expired_.Increment(static_cast<double>(files));
}

void SchedulerMetrics::StorageCleared(int64_t debts) {
  storage_cleared_.Increment(static_cast<double>(debts));
}

void SchedulerMetrics::WorkersConnected(int64_t workers, int64_t slots, int64_t slots_busy) {
  workers_.Set(static_cast<double>(workers));
  slots_.Set(static_cast<double>(slots));
  slots_busy_.Set(static_cast<double>(slots_busy));
}

void SchedulerMetrics::BatchCommitted(int64_t rows, absl::Duration time) {
  commit_rows_.Increment(static_cast<double>(rows));
  commit_seconds_.Observe(absl::ToDoubleSeconds(time));
}

void SchedulerMetrics::CommitFailed() { commits_failed_.Increment(); }

void SchedulerMetrics::Leading(bool leading, int64_t epoch) {
  leader_.Set(leading ? 1 : 0);
  epoch_.Set(static_cast<double>(epoch));
}

void SchedulerMetrics::ScheduleTimes(std::string_view outcome, int64_t times) {
  schedule_times_.Add({{"outcome", std::string(outcome)}}).Increment(static_cast<double>(times));
}

void SchedulerMetrics::SchedulesOverdue(absl::Duration oldest) {
  schedule_overdue_seconds_.Set(absl::ToDoubleSeconds(oldest));
}

void SchedulerMetrics::WebhookAnswered(std::string_view outcome) {
  webhook_attempts_.Add({{"outcome", std::string(outcome)}}).Increment();
}

void SchedulerMetrics::WebhookOutbox(int64_t waiting, absl::Duration oldest_age) {
  webhooks_waiting_.Set(static_cast<double>(waiting));
  webhook_oldest_seconds_.Set(absl::ToDoubleSeconds(oldest_age));
}

void SchedulerMetrics::RpcFinished(std::string_view method, std::string_view code,
                                   absl::Duration time) {
  const double seconds = absl::ToDoubleSeconds(time);
  MutexLock lock(mutex_);
  Histogram*& histogram = rpc_histograms_[std::string(method).append(1, ' ').append(code)];
  if (histogram == nullptr) {
    histogram = &rpc_seconds_.Add({{"method", std::string(method)}, {"code", std::string(code)}},
                                  RpcBuckets());
  }
  histogram->Observe(seconds);
}

}  // namespace dq
