#include "scheduler/store/session_watchdog.h"

#include <sys/socket.h>

#include <algorithm>

#include "common/base/clock.h"

namespace dq {
namespace {

// How long the thread sleeps when it watches nothing new: a watch is noticed this late at most.
constexpr absl::Duration kIdleWait = absl::Seconds(1);

}  // namespace

SessionWatchdog::SessionWatchdog() : thread_([this] { Run(); }) {}

SessionWatchdog::~SessionWatchdog() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

int64_t SessionWatchdog::Add(int socket, absl::Duration limit) {
  MutexLock lock(mutex_);
  watched_[++next_id_] = {socket, SystemClock().Boot() + limit};
  return next_id_;
}

void SessionWatchdog::Remove(int64_t id) {
  MutexLock lock(mutex_);
  watched_.erase(id);
}

void SessionWatchdog::Run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(ShutDownOverdueLocked()));
  }
}

absl::Duration SessionWatchdog::ShutDownOverdueLocked() {
  absl::Duration wait = kIdleWait;
  for (auto& [id, entry] : watched_) {
    const absl::Duration left = entry.deadline - SystemClock().Boot();
    if (left > absl::ZeroDuration()) {
      wait = std::min(wait, left);
      continue;
    }
    ::shutdown(entry.socket, SHUT_RDWR);
    entry.deadline = absl::InfiniteFuture();  // Once is enough.
  }
  return wait;
}

}  // namespace dq
