// Gives up on sessions whose server process hangs: libpqxx waits for an answer for ever, and a
// stopped process never meets its own statement_timeout. Shuts the socket down after a time limit,
// so that the waiting call ends with a broken connection. Owns a thread. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <thread>

#include "absl/time/time.h"
#include "common/base/mutex.h"

namespace dq {

class SessionWatchdog {
 public:
  // Watches one socket from its construction to its destruction, which must come before the socket
  // is closed.
  class Watch {
   public:
    Watch(SessionWatchdog& watchdog, int socket, absl::Duration limit)
        : watchdog_(watchdog), id_(watchdog.Add(socket, limit)) {}
    ~Watch() { watchdog_.Remove(id_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    SessionWatchdog& watchdog_;
    const int64_t id_;
  };

  SessionWatchdog();
  // Joins the thread. No watch may be left.
  ~SessionWatchdog();
  SessionWatchdog(const SessionWatchdog&) = delete;
  SessionWatchdog& operator=(const SessionWatchdog&) = delete;

 private:
  struct Entry {
    int socket = -1;
    absl::Time deadline;
  };

  int64_t Add(int socket, absl::Duration limit) EXCLUDES(mutex_);
  void Remove(int64_t id) EXCLUDES(mutex_);
  void Run() EXCLUDES(mutex_);
  // Shuts down what is overdue and returns how long nothing else will be.
  absl::Duration ShutDownOverdueLocked() REQUIRES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::map<int64_t, Entry> watched_ GUARDED_BY(mutex_);
  int64_t next_id_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by the constructor only.
};

}  // namespace dq
