#include "worker/stages/dedupe/fuzzy/pair_scorer.h"

#include <algorithm>
#include <cmath>

namespace dq {

double PairScorer::Evidence(RecordId a, RecordId b) const {
  const Pattern pattern = comparison_.Compare(a, b);
  double common = 0;
  for (size_t i = 0; i < rarity_.size(); ++i) {
    if (LevelOf(pattern, i) != 0) continue;
    common += model_.weight(i, 0) - double{rarity_[i][comparison_.value(a, i)]};
  }
  return model_.Evidence(pattern, common);
}

double PairScorer::FieldWeight(size_t field, uint32_t level, ValueId value) const {
  if (level == 0 && !rarity_.empty()) return double{rarity_[field][value]};
  return model_.weight(field, level);
}

void PairScorer::WeighByRarity(const std::vector<RecordId>& leader_of) {
  double entities = 0;
  for (RecordId record = 0; record < leader_of.size(); ++record) {
    entities += leader_of[record] == record ? 1 : 0;
  }
  rarity_.clear();
  std::vector<uint64_t> holders;  // Value and cluster, one of each.
  for (size_t field = 0; field < comparison_.fields().size(); ++field) {
    holders.clear();
    for (RecordId record = 0; record < leader_of.size(); ++record) {
      const ValueId value = comparison_.value(record, field);
      if (value != kNoValue) holders.push_back(uint64_t{value} << 32 | leader_of[record]);
    }
    std::sort(holders.begin(), holders.end());
    holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
    std::vector<float> counts(comparison_.values(field).size() + size_t{1}, 0);
    for (const uint64_t holder : holders) ++counts[holder >> 32];
    for (float& count : counts) {
      // The two records themselves say nothing about how common their value is.
      const double share = model_.u(field, 0) + std::max(0.0F, count - 1.5F) / entities;
      count = static_cast<float>(std::log2(model_.m(field, 0) / std::min(1.0, share)));
    }
    rarity_.push_back(std::move(counts));
  }
}

}  // namespace dq
