#include "scheduler/core/ready_queue.h"

#include <algorithm>
#include <limits>

namespace dq {

void ReadyQueue::Push(const ReadyJob& job) {
  const auto index = static_cast<size_t>(job.demand);
  if (by_demand_.size() <= index) by_demand_.resize(index + 1);
  if (by_demand_[index].insert({job.priority, job.key}).second) ++size_;
}

bool ReadyQueue::Erase(const ReadyJob& job) {
  const auto index = static_cast<size_t>(job.demand);
  if (by_demand_.size() <= index || !by_demand_[index].erase({job.priority, job.key})) {
    return false;
  }
  --size_;
  return true;
}

std::optional<JobKey> ReadyQueue::PopFor(const StageOffer& offer) {
  Tree* best = nullptr;
  for (size_t demand = 0; demand < by_demand_.size(); ++demand) {
    Tree& tree = by_demand_[demand];
    if (tree.empty() || !offer.Serves(static_cast<DemandId>(demand))) continue;
    if (best == nullptr || GoesBefore()(*tree.begin(), *best->begin())) best = &tree;
  }
  if (best == nullptr) return std::nullopt;
  const JobKey key = best->begin()->key;
  best->erase(best->begin());
  --size_;
  return key;
}

int64_t ReadyQueue::CountBefore(const ReadyJob& job) const {
  size_t before = 0;
  for (const Tree& tree : by_demand_) before += tree.order_of_key({job.priority, job.key});
  return static_cast<int64_t>(before);
}

std::optional<JobKey> ReadyQueue::OldestKey() const {
  constexpr JobKey kLast = std::numeric_limits<JobKey>::max();
  std::optional<JobKey> oldest;
  for (const Tree& tree : by_demand_) {
    // Looks at the head of each priority only: within one, the first is the oldest.
    for (auto head = tree.begin(); head != tree.end();
         head = tree.upper_bound({head->priority, kLast})) {
      oldest = std::min(oldest.value_or(kLast), head->key);
    }
  }
  return oldest;
}

}  // namespace dq
