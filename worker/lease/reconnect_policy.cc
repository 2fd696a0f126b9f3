#include "worker/lease/reconnect_policy.h"

#include <utility>

namespace dq {

ReconnectPolicy::ReconnectPolicy(std::vector<std::string> addresses, std::function<double()> random)
    : addresses_(std::move(addresses)),
      backoff_(kReconnectFirst, kReconnectCap, std::move(random)) {}

absl::Duration ReconnectPolicy::Failed() {
  Moved();
  return backoff_.Next();
}

void ReconnectPolicy::Moved() { index_ = (index_ + 1) % addresses_.size(); }

}  // namespace dq
