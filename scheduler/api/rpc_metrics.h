// Port: what the services tell the metrics. Implemented in scheduler/metrics.cc. Thread-safe,
// cheap, never blocks.
#pragma once

#include <string_view>

#include "absl/time/time.h"

namespace dq {

class RpcMetrics {
 public:
  virtual ~RpcMetrics() = default;
  // A call ended. `method` is for example "JobService/CreateJob", `code` "NOT_FOUND".
  virtual void RpcFinished(std::string_view method, std::string_view code, absl::Duration time) = 0;
};

}  // namespace dq
