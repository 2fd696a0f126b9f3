// The answers of asynchronous calls that one thread makes together and waits for. The callbacks may
// outlive whoever waits. Header only; thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/mutex.h"

namespace dq {

// Ends waits for answers early, once and for all. Outlives who waits.
class Abandonment {
 public:
  // Ends the wait that goes on, and every later one at once.
  void Abandon() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    abandoned_ = true;
    changed_.NotifyAll();
  }

 private:
  template <typename>
  friend class Answers;
  Mutex mutex_;
  CondVar changed_;
  bool abandoned_ GUARDED_BY(mutex_) = false;
};

template <typename Result>
class Answers {
 public:
  // `count` answers are expected; `abandonment` is shared with their callbacks.
  Answers(size_t count, std::shared_ptr<Abandonment> abandonment)
      : state_(std::make_shared<State>()), abandonment_(std::move(abandonment)) {
    state_->results.resize(count);
    state_->left = count;
  }

  // Returns what takes the answer number `index`, once, from any thread.
  std::function<void(Result)> Take(size_t index) const {
    return [state = state_, abandonment = abandonment_, index](Result result) {
      MutexLock lock(abandonment->mutex_);
      state->results[index] = std::move(result);
      if (--state->left == 0) abandonment->changed_.NotifyAll();
    };
  }

  // Returns all answers in order; nothing when the wait was abandoned.
  std::optional<std::vector<Result>> Wait() {
    MutexLock lock(abandonment_->mutex_);
    while (state_->left > 0 && !abandonment_->abandoned_) {
      abandonment_->changed_.Wait(abandonment_->mutex_);
    }
    if (state_->left > 0) return std::nullopt;
    std::vector<Result> results;
    for (std::optional<Result>& result : state_->results) results.push_back(*std::move(result));
    return results;
  }

 private:
  struct State {
    std::vector<std::optional<Result>> results;
    size_t left = 0;
  };
  const std::shared_ptr<State> state_;
  const std::shared_ptr<Abandonment> abandonment_;
};

}  // namespace dq
