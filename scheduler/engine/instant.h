// A moment on both clocks, taken once for everything that is decided together.
#pragma once

#include "absl/time/time.h"

namespace dq {

struct Instant {
  absl::Time wall;  // For records: create times, backoff, not_before.
  absl::Time boot;  // For leases: never goes back.
};

}  // namespace dq
