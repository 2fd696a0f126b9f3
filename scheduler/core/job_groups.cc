#include "scheduler/core/job_groups.h"

#include <algorithm>

namespace dq {

GroupId JobGroups::FindOrAdd(GroupKind kind, const std::string& name) {
  const auto [entry, is_new] = id_of_.try_emplace({kind, name}, std::ssize(groups_));
  if (!is_new) return entry->second;
  if (unused_.empty()) {
    groups_.emplace_back();
  } else {
    entry->second = unused_.back();
    unused_.pop_back();
  }
  const GroupId id = entry->second;
  At(id) = Group();
  At(id).limit.kind = kind;
  At(id).limit.name = name;
  return id;
}

JobPlace JobGroups::Join(const std::string& project, const JobRules& rules, int64_t jobs) {
  JobPlace place;
  place.project = FindOrAdd(GroupKind::kProject, project);
  place.queue = FindOrAdd(GroupKind::kQueue, rules.queue);
  At(place.project).members += jobs;
  At(place.queue).members += jobs;
  if (rules.concurrency_key.empty()) return place;
  place.concurrency = FindOrAdd(GroupKind::kConcurrencyKey, project + "/" + rules.concurrency_key);
  place.concurrency_max = rules.concurrency_max;
  At(place.concurrency).limit.running_max = rules.concurrency_max;
  At(place.concurrency).members += jobs;
  return place;
}

void JobGroups::Leave(const JobPlace& place) {
  --At(place.project).members;
  --At(place.queue).members;
  if (place.concurrency == kNoGroup || --At(place.concurrency).members > 0) return;
  id_of_.erase({GroupKind::kConcurrencyKey, NameOf(place.concurrency)});
  unused_.push_back(place.concurrency);
}

void JobGroups::Started(const JobPlace& place) {
  ++At(place.project).running;
  ++At(place.queue).running;
  if (place.concurrency != kNoGroup) ++At(place.concurrency).running;
}

void JobGroups::Ended(const JobPlace& place) {
  --At(place.project).running;
  --At(place.queue).running;
  if (place.concurrency != kNoGroup) --At(place.concurrency).running;
}

GroupId JobGroups::SetLimit(const GroupLimit& limit) {
  const GroupId group = FindOrAdd(limit.kind, limit.name);
  At(group).limit = limit;
  return group;
}

std::vector<GroupId> JobGroups::List(GroupKind kind, const std::string& after, size_t limit) const {
  std::vector<GroupId> listed;
  for (const auto& [name, id] : id_of_) {
    if (name.first == kind && name.second > after) listed.push_back(id);
  }
  const auto by_name = [this](GroupId a, GroupId b) { return NameOf(a) < NameOf(b); };
  const auto end = listed.begin() + std::min(std::ssize(listed), static_cast<ptrdiff_t>(limit));
  std::partial_sort(listed.begin(), end, listed.end(), by_name);
  listed.erase(end, listed.end());
  return listed;
}

WaitReason JobGroups::Blocks(const JobPlace& place) const {
  if (IsFull(place.queue)) return WaitReason::kQueueAtLimit;
  if (IsFull(place.project)) return WaitReason::kProjectAtLimit;
  return IsKeyFull(place) ? WaitReason::kConcurrencyKeyAtLimit : WaitReason::kNone;
}

}  // namespace dq
