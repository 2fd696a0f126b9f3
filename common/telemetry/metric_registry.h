// Owns a process's metrics and writes them in Prometheus' text format (version 0.0.4). main makes
// one, metrics.cc fills it, the admin server reads it. Thread-safe.
#pragma once

#include <memory>
#include <string>

namespace prometheus {
class Registry;
}  // namespace prometheus

namespace dq {

class MetricRegistry {
 public:
  // Begins with dq_build_info{program, version} = 1.
  MetricRegistry(const std::string& program, const std::string& version);
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // Returns where metrics.cc registers its families; lives as long as this.
  prometheus::Registry& families() { return *registry_; }
  // Returns every metric as it is now.
  std::string Text() const;

 private:
  const std::unique_ptr<prometheus::Registry> registry_;
};

}  // namespace dq
