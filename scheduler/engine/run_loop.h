// The one thread that decides: runs commands in the order they came, all that are waiting in one
// pass, and wakes up when the next timer is due. Everything owned by it needs no lock. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/engine/instant.h"

namespace dq {

class RunLoop {
 public:
  using Command = std::function<void(const Instant&)>;
  // Runs after every pass; returns when it wants to run again even if nothing comes (boot clock).
  using AfterPass = std::function<absl::Time(const Instant&)>;

  // Commands offered beyond `commands_max` waiting ones are refused. `clock` outlives the loop.
  RunLoop(const Clock& clock, int commands_max, AfterPass after_pass);
  // Calls Stop().
  ~RunLoop();

  void Start();
  // Runs what was accepted, then joins. Afterwards nothing is accepted. Call from one thread only.
  void Stop() EXCLUDES(mutex_);

  // Runs `command` later, on the loop's thread. Return false, and never run it, after Stop();
  // Offer() also when too many wait.
  [[nodiscard]] bool Offer(Command command) EXCLUDES(mutex_);
  bool Post(Command command) EXCLUDES(mutex_);
  // Returns whether Stop() was called.
  bool IsStopped() const EXCLUDES(mutex_);

 private:
  bool Add(Command command, size_t commands_max) EXCLUDES(mutex_);
  void Run() EXCLUDES(mutex_);
  // Waits for commands until `due`; returns them. Empty after Stop(), once all accepted ones were
  // returned: decided under the lock, so that none is accepted afterwards.
  std::optional<std::vector<Command>> Next(absl::Time due) EXCLUDES(mutex_);
  Instant Now() const { return {clock_.Now(), clock_.Boot()}; }

  const Clock& clock_;
  const size_t commands_max_;
  const AfterPass after_pass_;
  mutable Mutex mutex_;
  CondVar arrived_;
  std::vector<Command> commands_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
