// The two clocks of the product behind one interface, so that tests and the simulation can own
// time. Implementations are thread-safe.
#pragma once

#include "absl/time/time.h"

namespace dq {

// Tells the time. `Now` may jump; `Boot` never goes back and counts while the machine sleeps.
class Clock {
 public:
  virtual ~Clock() = default;
  // Returns wall-clock time, for records and for people.
  virtual absl::Time Now() const = 0;
  // Returns time since boot (CLOCK_BOOTTIME) as a point on a private scale, for leases and timers.
  virtual absl::Time Boot() const = 0;
};

// Returns the machine's clock. Lives for ever.
const Clock& SystemClock();

}  // namespace dq
