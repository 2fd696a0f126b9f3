// An annotated std::mutex: clang's -Wthread-safety checks GUARDED_BY, and ThreadSanitizer
// understands it (it does not understand the distribution's absl::Mutex).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define DQ_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define DQ_THREAD_ANNOTATION(x)
#endif

// Abseil's headers define the same word in the same sense; either may come first.
#undef GUARDED_BY
#define GUARDED_BY(mu) DQ_THREAD_ANNOTATION(guarded_by(mu))
#define REQUIRES(mu) DQ_THREAD_ANNOTATION(requires_capability(mu))
#define EXCLUDES(mu) DQ_THREAD_ANNOTATION(locks_excluded(mu))

namespace dq {

// A mutual exclusion lock. Held for a few lines, never across SQL, RPC, logging or a callback.
class DQ_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() DQ_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() DQ_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a Mutex for the length of a scope.
class DQ_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) DQ_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() DQ_THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable for Mutex. Waits may wake early: call them in a loop on the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Waits at most `timeout`.
  void WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(lock, timeout);
    lock.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace dq
