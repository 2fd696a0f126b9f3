#include "common/telemetry/metric_registry.h"

#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace dq {

MetricRegistry::MetricRegistry(const std::string& program, const std::string& version)
    : registry_(std::make_unique<prometheus::Registry>()) {
  prometheus::BuildGauge()
      .Name("dq_build_info")
      .Help("Which build runs; always 1.")
      .Register(*registry_)
      .Add({{"program", program}, {"version", version}})
      .Set(1);
}

MetricRegistry::~MetricRegistry() = default;

std::string MetricRegistry::Text() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace dq
