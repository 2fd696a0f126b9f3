// Where and when a worker opens its next stream: round the addresses, waiting longer after every
// failure, and not at all when the scheduler itself asked to move. Pure. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/backoff.h"

namespace dq {

// First and longest wait between two tries: leadership changes within seconds, so waits stay short.
inline constexpr absl::Duration kReconnectFirst = absl::Milliseconds(100);
inline constexpr absl::Duration kReconnectCap = absl::Seconds(1);

class ReconnectPolicy {
 public:
  // `addresses` is not empty. `random` returns uniform numbers in [0, 1).
  ReconnectPolicy(std::vector<std::string> addresses, std::function<double()> random);

  // The address to try now.
  const std::string& address() const { return addresses_[index_]; }
  // The stream works: a report was answered on it.
  void Succeeded() { backoff_.Reset(); }
  // The stream could not be opened or broke. Moves to the next address; returns how long to wait
  // before it is tried.
  absl::Duration Failed();
  // The scheduler asked to go elsewhere. Moves to the next address, to be tried at once.
  void Moved();

 private:
  const std::vector<std::string> addresses_;
  Backoff backoff_;
  size_t index_ = 0;
};

}  // namespace dq
