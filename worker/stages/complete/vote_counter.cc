#include "worker/stages/complete/vote_counter.h"

#include <algorithm>

namespace dq {

uint32_t VoteGroup::total() const {
  uint32_t total = others;
  for (const Vote& vote : votes) total += vote.count;
  return total;
}

void VoteGroup::Order() {
  std::sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) {
    return a.count != b.count ? a.count > b.count : a.value < b.value;
  });
}

VoteGroup* VoteCounter::Find(uint64_t determinant) {
  const auto found = groups_.find(determinant);
  if (found != groups_.end()) return &found->second;
  if (groups_.size() == kVoteGroupsMax) return nullptr;
  return &groups_[determinant];
}

void VoteCounter::Add(uint64_t determinant, uint32_t value) {
  VoteGroup* const group = Find(determinant);
  if (group == nullptr) return;
  for (VoteGroup::Vote& vote : group->votes) {
    if (vote.value != value) continue;
    ++vote.count;
    return;
  }
  if (group->votes.size() < kVoteValuesMax) {
    group->votes.push_back({value, 1});
  } else {
    ++group->others;
  }
}

void VoteCounter::AddMissing(uint64_t determinant) {
  if (VoteGroup* const group = Find(determinant); group != nullptr) ++group->missing;
}

}  // namespace dq
