// Lends a fixed set of single-threaded things, such as connections, to one user at a time each.
// Thread-safe; the lock is never held while a thing is used.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "common/base/mutex.h"

namespace dq {

template <typename T>
class ResourcePool {
 public:
  // One thing in use. Goes back to the pool, which outlives it, in the destructor.
  class Loan {
   public:
    Loan(ResourcePool& pool, std::unique_ptr<T> thing) : pool_(pool), thing_(std::move(thing)) {}
    ~Loan() { pool_.Return(std::move(thing_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    T* operator->() const { return thing_.get(); }

   private:
    ResourcePool& pool_;
    std::unique_ptr<T> thing_;
  };

  explicit ResourcePool(std::vector<std::unique_ptr<T>> things) : free_(std::move(things)) {}

  // Waits until one is free. Users hold a loan for one transaction, whose time is limited.
  Loan Take() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (free_.empty()) returned_.Wait(mutex_);
    std::unique_ptr<T> thing = std::move(free_.back());
    free_.pop_back();
    return Loan(*this, std::move(thing));
  }

 private:
  void Return(std::unique_ptr<T> thing) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    free_.push_back(std::move(thing));
    returned_.NotifyOne();
  }

  Mutex mutex_;
  CondVar returned_;
  std::vector<std::unique_ptr<T>> free_ GUARDED_BY(mutex_);
};

}  // namespace dq
