#include "scheduler/core/dependency_table.h"

#include <algorithm>
#include <limits>

namespace dq {

const JobDependency* FirstNotCompleted(const std::vector<JobDependency>& dependencies) {
  const auto open = std::ranges::find_if(dependencies, [](const JobDependency& dependency) {
    return dependency.state != JobState::kCompleted;
  });
  return open == dependencies.end() ? nullptr : &*open;
}

void DependencyTable::Add(JobKey dependent, JobKey dependency) {
  if (!edges_.insert({dependency, dependent}).second) return;
  dependents_[dependent].awaits.push_back(dependency);
}

void DependencyTable::AddEnded(JobKey dependent, JobKey dependency, JobState state) {
  Dependent& entry = dependents_[dependent];
  if (state != JobState::kCompleted && !entry.failed) entry.failed = {dependency, state};
}

void DependencyTable::Remove(JobKey dependent) {
  const auto entry = dependents_.find(dependent);
  if (entry == dependents_.end()) return;
  for (const JobKey dependency : entry->second.awaits) edges_.erase({dependency, dependent});
  dependents_.erase(entry);
}

std::vector<JobKey> DependencyTable::Ended(JobKey job, JobState state) {
  std::vector<JobKey> decided;
  const auto first = edges_.lower_bound({job, std::numeric_limits<JobKey>::min()});
  auto last = first;
  for (; last != edges_.end() && last->first == job; ++last) {
    Dependent& dependent = dependents_.at(last->second);
    const bool waited = Waits(dependent);
    std::erase(dependent.awaits, job);
    if (state != JobState::kCompleted && !dependent.failed) dependent.failed = {job, state};
    if (waited && !Waits(dependent)) decided.push_back(last->second);
  }
  edges_.erase(first, last);
  return decided;
}

bool DependencyTable::IsWaiting(JobKey dependent) const {
  const auto entry = dependents_.find(dependent);
  return entry != dependents_.end() && Waits(entry->second);
}

std::optional<FailedDependency> DependencyTable::FailureOf(JobKey dependent) const {
  const auto entry = dependents_.find(dependent);
  return entry == dependents_.end() ? std::nullopt : entry->second.failed;
}

}  // namespace dq
