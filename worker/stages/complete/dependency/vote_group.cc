#include "worker/stages/complete/dependency/vote_group.h"

namespace dq {

const VoteGroup& VoteCounter::Count(const EncodedColumn& target, std::span<const uint32_t> rows) {
  if (counts_.size() < target.values.size()) counts_.resize(target.values.size());
  group_.missing = 0;
  group_.votes.clear();
  for (const uint32_t row : rows) {
    const uint32_t code = target.codes[row];
    if (code == EncodedColumn::kBlank) {
      ++group_.missing;
    } else if (counts_[code]++ == 0) {
      group_.votes.push_back({code, 0});
    }
  }
  for (VoteGroup::Vote& vote : group_.votes) {
    vote.count = counts_[vote.value];
    counts_[vote.value] = 0;
  }
  if (group_.votes.size() > 1) group_.Order();
  return group_;
}

}  // namespace dq
