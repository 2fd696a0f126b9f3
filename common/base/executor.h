// A fixed set of threads with a bounded queue, for work that blocks (SQL, disk) and must not run on
// a gRPC thread. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "common/base/mutex.h"

namespace dq {

class Executor {
 public:
  // Starts `threads` threads. At most `queue_tasks_max` tasks wait.
  Executor(int threads, size_t queue_tasks_max);
  // Runs what was accepted, then joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `task` on one of the threads, later. Returns false, and never runs it, when the queue is
  // full or Shutdown() was called: the caller answers RESOURCE_EXHAUSTED or UNAVAILABLE.
  [[nodiscard]] bool Submit(std::function<void()> task) EXCLUDES(mutex_);

  // Refuses new tasks, runs the accepted ones and joins. Afterwards Submit() returns false.
  void Shutdown() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);

  const size_t queue_tasks_max_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Written by the constructor and Shutdown() only.
};

}  // namespace dq
