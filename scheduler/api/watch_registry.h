// All open watches of a server: counts them against the limit and gives them a thread to send from:
// at once when they are woken, else in time for bookmarks and coalesced progress. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/api/watch_queue.h"

namespace dq {

// A watch as the registry sees it.
class Watch {
 public:
  virtual ~Watch() = default;
  // Woken, or time has passed: send what is due. Must not block.
  virtual void Tick() = 0;
  // Ends the watch with `status`.
  virtual void End(absl::Status status) = 0;
};

class WatchRegistry {
 public:
  WatchRegistry(const Clock& clock, WatchLimits limits);
  // Calls Close() and joins.
  ~WatchRegistry();

  const WatchLimits& limits() const { return limits_; }
  const Clock& clock() const { return clock_; }

  // Counts `watch`. RESOURCE_EXHAUSTED (TOO_MANY_WATCHES), or UNAVAILABLE (DRAINING) after Close().
  absl::Status Add(std::shared_ptr<Watch> watch) EXCLUDES(mutex_);
  // Forgets a watch; harmless when it is unknown. A Tick() in progress may still end afterwards.
  void Remove(const Watch* watch) EXCLUDES(mutex_);
  // Has `watch` ticked soon, by the registry's thread; harmless when it is unknown.
  void Wake(const Watch* watch) EXCLUDES(mutex_);
  // Ends all watches with UNAVAILABLE (DRAINING) and refuses new ones.
  void Close() EXCLUDES(mutex_);

 private:
  using Watches = std::map<const Watch*, std::shared_ptr<Watch>>;
  void Run() EXCLUDES(mutex_);
  // Waits until watches are to be ticked and returns them; none when stopping.
  std::vector<std::shared_ptr<Watch>> NextDue() EXCLUDES(mutex_);
  std::vector<std::shared_ptr<Watch>> TakeWoken() REQUIRES(mutex_);

  const Clock& clock_;
  const WatchLimits limits_;
  Mutex mutex_;
  CondVar changed_;
  Watches watches_ GUARDED_BY(mutex_);
  std::set<const Watch*> woken_ GUARDED_BY(mutex_);
  absl::Time tick_time_ GUARDED_BY(mutex_) = absl::InfinitePast();  // Of all; boot clock.
  bool closed_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace dq
