#include "scheduler/core/timer_queue.h"

namespace dq {

void TimerQueue::Set(JobKey job, absl::Time due) {
  if (due == absl::InfiniteFuture()) return Clear(job);
  const auto [entry, is_new] = due_of_.try_emplace(job, due);
  if (!is_new) {
    if (entry->second == due) return;
    order_.erase({entry->second, job});
    entry->second = due;
  }
  order_.insert({due, job});
}

void TimerQueue::Clear(JobKey job) {
  const auto entry = due_of_.find(job);
  if (entry == due_of_.end()) return;
  order_.erase({entry->second, job});
  due_of_.erase(entry);
}

std::optional<JobKey> TimerQueue::PopDue(absl::Time now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const JobKey job = order_.begin()->second;
  order_.erase(order_.begin());
  due_of_.erase(job);
  return job;
}

absl::Time TimerQueue::NextDue() const {
  return order_.empty() ? absl::InfiniteFuture() : order_.begin()->first;
}

}  // namespace dq
