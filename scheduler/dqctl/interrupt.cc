#include "scheduler/dqctl/interrupt.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/base/error.h"

namespace dq::dqctl {

void Interrupt::Trigger() {
  MutexLock lock(mutex_);
  if (triggered_) return;
  triggered_ = true;
  // Called under the lock, so that no function runs after its scope has gone.
  for (const auto& callback : callbacks_) callback();
  changed_.NotifyAll();
}

bool Interrupt::triggered() const {
  MutexLock lock(mutex_);
  return triggered_;
}

bool Interrupt::Sleep(absl::Duration duration) {
  const absl::Time until = absl::Now() + duration;
  MutexLock lock(mutex_);
  while (!triggered_) {
    const absl::Duration left = until - absl::Now();
    if (left <= absl::ZeroDuration()) break;
    changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(left));
  }
  return triggered_;
}

Interrupt::Scope::Scope(Interrupt& interrupt, std::function<void()> on_trigger)
    : interrupt_(interrupt) {
  MutexLock lock(interrupt_.mutex_);
  if (interrupt_.triggered_) on_trigger();
  position_ = interrupt_.callbacks_.insert(interrupt_.callbacks_.end(), std::move(on_trigger));
}

Interrupt::Scope::~Scope() {
  MutexLock lock(interrupt_.mutex_);
  interrupt_.callbacks_.erase(position_);
}

absl::Status InterruptedError() {
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "interrupted");
}

}  // namespace dq::dqctl
