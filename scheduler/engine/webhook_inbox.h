// What other threads tell the one that sends to webhooks: what was answered, that something may
// have become due, that it is to end. Outlives that thread with the callbacks that are on their
// way. Header only; thread-safe.
#pragma once

#include <chrono>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "scheduler/core/webhook.h"

namespace dq {

// A delivery that was posted and what came of it.
struct AnsweredDelivery {
  DueDelivery sent;
  WebhookAnswer answer;
};

class WebhookInbox {
 public:
  void Add(AnsweredDelivery answered) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    answered_.push_back(std::move(answered));
    changed_.NotifyAll();
  }
  // Returns what was added since the last call.
  std::vector<AnsweredDelivery> Take() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(answered_, {});
  }
  void Wake() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    woken_ = true;
    changed_.NotifyAll();
  }
  void Stop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  bool IsStopping() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return stopping_;
  }
  // Returns at the next answer, Wake() or Stop(), or after `wait`; at once if one has come since
  // the last call.
  void WaitForNews(absl::Duration wait) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const bool has_news = woken_ || stopping_ || !answered_.empty();
    if (!has_news && wait > absl::ZeroDuration()) {
      changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(wait));
    }
    woken_ = false;
  }
  // Returns at the next answer, or after `wait`; at once if one waits to be taken.
  void WaitForAnswer(absl::Duration wait) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (answered_.empty()) changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(wait));
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<AnsweredDelivery> answered_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace dq
