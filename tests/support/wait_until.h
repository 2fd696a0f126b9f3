// Waits for a condition of another process or thread, with a deadline. Stateless and thread-safe.
#pragma once

#include <poll.h>

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace dq {

// Asks `condition` every few milliseconds until it holds. Returns false when it did not within
// `timeout`.
[[nodiscard]] inline bool WaitUntil(const std::function<bool()>& condition,
                                    absl::Duration timeout = absl::Seconds(20)) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace dq
