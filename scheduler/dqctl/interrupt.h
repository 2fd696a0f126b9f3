// Ctrl-C as a value: main's signal thread triggers it, blocking calls register what ends them.
// Thread-safe.
#pragma once

#include <functional>
#include <list>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"

namespace dq::dqctl {

class Interrupt {
 public:
  Interrupt() = default;
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Calls every registered function once. Later calls do nothing.
  void Trigger() EXCLUDES(mutex_);
  bool triggered() const EXCLUDES(mutex_);

  // Waits for `duration` or until triggered. Returns whether it was triggered.
  bool Sleep(absl::Duration duration) EXCLUDES(mutex_);

  // Keeps a function registered for its lifetime. The function is called at once when the interrupt
  // was triggered before, and never after the scope's destructor returned. It must not block and
  // not touch this Interrupt.
  class Scope {
   public:
    Scope(Interrupt& interrupt, std::function<void()> on_trigger);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupt& interrupt_;
    std::list<std::function<void()>>::iterator position_;
  };

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  bool triggered_ GUARDED_BY(mutex_) = false;
  std::list<std::function<void()>> callbacks_ GUARDED_BY(mutex_);
};

// Returns the error of a command that Ctrl-C ended: CANCELLED INTERRUPTED.
absl::Status InterruptedError();

}  // namespace dq::dqctl
