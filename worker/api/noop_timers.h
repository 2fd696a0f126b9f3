// Noop jobs that take their time: inside the worker, without thread or file. Pure. Not thread-safe.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "worker/lease/lease_key.h"

namespace dq {

class NoopTimers {
 public:
  // `lease` is done at `end`.
  void Add(const LeaseKey& lease, absl::Time end) {
    ends_[lease] = end;
    order_.insert({end, lease});
  }
  // Forgets `lease`; returns whether it was there.
  bool Remove(const LeaseKey& lease) {
    const auto found = ends_.find(lease);
    if (found == ends_.end()) return false;
    order_.erase({found->second, lease});
    ends_.erase(found);
    return true;
  }
  // Removes and returns those that are done at `now`.
  std::vector<LeaseKey> TakeDue(absl::Time now) {
    std::vector<LeaseKey> due;
    while (!order_.empty() && order_.begin()->first <= now) {
      due.push_back(order_.begin()->second);
      Remove(due.back());
    }
    return due;
  }
  // When the next one is done; InfiniteFuture when there is none.
  absl::Time Due() const { return order_.empty() ? absl::InfiniteFuture() : order_.begin()->first; }

 private:
  std::map<LeaseKey, absl::Time> ends_;
  std::set<std::pair<absl::Time, LeaseKey>> order_;
};

}  // namespace dq
