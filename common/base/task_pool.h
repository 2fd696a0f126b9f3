// A few threads that share the work of one computation: loops over independent tasks, and errands
// that run beside the caller. What a task computes must not depend on which thread runs it or on
// what runs beside it; then results are the same for every number of threads. Thread-safe: tasks
// may start loops and errands of their own.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"

namespace dq {

class TaskPool {
 private:
  struct Job;

 public:
  using Task = std::function<absl::Status(size_t)>;

  // Computes with `threads` threads (1 or more), the calling one among them: with 1 everything runs
  // where it is waited for. Makes do with fewer when the system has no more to give.
  explicit TaskPool(int threads);
  // No loop or errand may be under way.
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  int threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Runs `task(0)` to `task(count - 1)`, in any order and at the same time, and returns when all
  // have ended: OK, or the error of the first of them (by index) that failed. An exception of a
  // task is thrown here.
  absl::Status ParallelFor(size_t count, const Task& task) EXCLUDES(mutex_);

  // One piece of work that runs beside its owner. Not thread-safe: one owner.
  class Errand {
   public:
    explicit Errand(TaskPool& pool) : pool_(pool) {}
    // Waits for what was started and drops its result.
    ~Errand();
    Errand(const Errand&) = delete;
    Errand& operator=(const Errand&) = delete;

    // Starts `work`; the one before must have been waited for. What it refers to must live until
    // Wait() returns or the errand is destroyed.
    void Start(std::function<absl::Status()> work);
    // Returns what the work returned, once: afterwards, and before the first Start(), OK at once.
    // Runs the work itself when no thread has taken it, and other work while it is under way.
    absl::Status Wait();

   private:
    TaskPool& pool_;
    std::unique_ptr<Job> job_;
  };

 private:
  // A loop, or an errand as a loop of one. The pool's mutex guards all but `task`.
  struct Job {
    Task task;
    size_t count = 1;
    size_t next = 0;   // The first index nobody has taken.
    size_t ended = 0;  // How many have ended.
    size_t failed_index = SIZE_MAX;
    absl::Status failure = {};
    std::exception_ptr thrown = nullptr;
  };

  void Run() EXCLUDES(mutex_);
  void Open(Job& job) EXCLUDES(mutex_);
  absl::Status Finish(Job& job) EXCLUDES(mutex_);
  void RunOneLocked(Job& job) REQUIRES(mutex_);
  void CloseLocked(Job& job) REQUIRES(mutex_);

  Mutex mutex_;
  CondVar opened_;                            // A job was opened, or the pool is going away.
  CondVar ended_;                             // A job's last task has ended.
  std::deque<Job*> open_ GUARDED_BY(mutex_);  // Jobs with tasks nobody has taken.
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Written by the constructor and the destructor only.
};

}  // namespace dq
