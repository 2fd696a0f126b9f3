// A clock that stands still until a test moves it. Thread-safe.
#pragma once

#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace dq {

class ManualClock : public Clock {
 public:
  absl::Time Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }
  absl::Time Boot() const override {
    MutexLock lock(mutex_);
    return boot_;
  }
  // Moves both clocks.
  void Advance(absl::Duration step) {
    MutexLock lock(mutex_);
    now_ += step;
    boot_ += step;
  }
  // Sets the wall clock alone, as a person or a time server does.
  void JumpWall(absl::Duration step) {
    MutexLock lock(mutex_);
    now_ += step;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'800'000'000);
  absl::Time boot_ GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'000);
};

}  // namespace dq
