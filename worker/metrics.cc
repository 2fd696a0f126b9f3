#include "worker/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <string>
#include <utility>

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

const Histogram::BucketBoundaries kSeconds = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000};

constexpr std::array kAttemptEnds = {"completed", "failed", "stopped", "released"};

Counter& MakeCounter(Registry& registry, const std::string& name, const std::string& help) {
  return BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

Gauge& MakeGauge(Registry& registry, const std::string& name, const std::string& help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

// A counter for every AttemptEnd, in its order.
std::array<Counter*, kAttemptEnds.size()> MakeEnds(Registry& registry) {
  Family<Counter>& family = BuildCounter()
                                .Name("dq_worker_attempts_total")
                                .Help("Attempts that ended, by outcome.")
                                .Register(registry);
  std::array<Counter*, kAttemptEnds.size()> ends{};
  for (size_t i = 0; i < ends.size(); ++i) ends[i] = &family.Add({{"outcome", kAttemptEnds[i]}});
  return ends;
}

Family<Counter>& MakeStageFamily(Registry& registry, const std::string& what,
                                 const std::string& help) {
  return BuildCounter().Name("dq_worker_stage_" + what + "_total").Help(help).Register(registry);
}

}  // namespace

struct WorkerMetrics::Families {
  explicit Families(Registry& registry)
      : ends(MakeEnds(registry)),
        child_seconds(BuildHistogram()
                          .Name("dq_worker_child_seconds")
                          .Help("Run time of job processes.")
                          .Register(registry)
                          .Add({}, kSeconds)),
        stage_rows(MakeStageFamily(registry, "rows", "Rows read by completed jobs, by stage.")),
        stage_bytes(MakeStageFamily(registry, "bytes", "Bytes read by completed jobs, by stage.")),
        stage_seconds(MakeStageFamily(registry, "seconds", "Seconds of completed jobs, by stage.")),
        running(MakeGauge(registry, "dq_worker_attempts_running", "Attempts that run now.")),
        held(MakeGauge(registry, "dq_worker_leases_held",
                       "Leases that run, or ended and are not recorded yet.")),
        fenced(MakeCounter(registry, "dq_worker_self_fenced_total",
                           "Attempts stopped because no scheduler answered in time.")),
        streams(MakeCounter(registry, "dq_worker_streams_opened_total",
                            "Streams that a scheduler welcomed: reconnects and the first one.")),
        streams_lost(MakeCounter(registry, "dq_worker_streams_lost_total",
                                 "Streams that broke or could not be opened.")) {}

  std::array<Counter*, kAttemptEnds.size()> ends;
  Histogram& child_seconds;
  Family<Counter>& stage_rows;
  Family<Counter>& stage_bytes;
  Family<Counter>& stage_seconds;
  Gauge& running;
  Gauge& held;
  Counter& fenced;
  Counter& streams;
  Counter& streams_lost;
};

WorkerMetrics::WorkerMetrics(MetricRegistry& registry)
    : families_(std::make_unique<Families>(registry.families())) {}
WorkerMetrics::~WorkerMetrics() = default;

void WorkerMetrics::AttemptEnded(AttemptEnd end) {
  families_->ends[static_cast<size_t>(end)]->Increment();
}

void WorkerMetrics::ChildRan(absl::Duration duration) {
  families_->child_seconds.Observe(absl::ToDoubleSeconds(duration));
}

void WorkerMetrics::StageRan(std::string_view stage, int64_t rows, int64_t bytes, double seconds) {
  // Stages come from this worker's own closed list, so the label is bounded.
  const std::map<std::string, std::string> label = {{"stage", std::string(stage)}};
  families_->stage_rows.Add(label).Increment(static_cast<double>(rows));
  families_->stage_bytes.Add(label).Increment(static_cast<double>(bytes));
  families_->stage_seconds.Add(label).Increment(seconds);
}

void WorkerMetrics::LeasesHeld(int32_t running, int64_t reported) {
  families_->running.Set(running);
  families_->held.Set(static_cast<double>(reported));
}

void WorkerMetrics::SelfFenced(int64_t leases) {
  families_->fenced.Increment(static_cast<double>(leases));
}

void WorkerMetrics::StreamOpened() { families_->streams.Increment(); }

void WorkerMetrics::StreamLost() { families_->streams_lost.Increment(); }

}  // namespace dq
