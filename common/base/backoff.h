// Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015).
// Not thread-safe.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace dq {

class Backoff {
 public:
  // `random` returns uniform numbers in [0, 1).
  Backoff(absl::Duration first, absl::Duration cap, std::function<double()> random)
      : first_(first), cap_(cap), next_(first), random_(std::move(random)) {}

  // Returns the wait before the next try: between half of the current step and all of it. Doubles
  // the step.
  absl::Duration Next() {
    const absl::Duration step = next_;
    next_ = std::min(next_ * 2, cap_);
    return step * (0.5 + 0.5 * random_());
  }
  // Starts again from the first step. Call after a success.
  void Reset() { next_ = first_; }

 private:
  absl::Duration first_;
  absl::Duration cap_;
  absl::Duration next_;
  std::function<double()> random_;
};

}  // namespace dq
