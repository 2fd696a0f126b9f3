#include "worker/stages/dedupe/fuzzy/pair_scorer.h"

#include <algorithm>
#include <cmath>

namespace dq {

double PairScorer::Evidence(RecordId a, RecordId b) const {
  const Agreement agreement = comparison_.Compare(a, b);
  Refinement finer;
  for (size_t i = 0; i < comparison_.fields().size(); ++i) {
    if (LevelOf(agreement.pattern, i) != kLevelUnknown) finer += Refine(i, agreement, a, b);
  }
  return model_.Evidence(agreement.pattern, finer);
}

// What the values of a field say beyond its level.
Refinement PairScorer::Refine(size_t field, const Agreement& agreement, RecordId a,
                              RecordId b) const {
  const uint32_t level = LevelOf(agreement.pattern, field);
  Refinement refined;
  if (level > 0 && comparison_.IsGraded(field)) {
    const double place = comparison_.PlaceOf(field, level, agreement.shares[field]);
    refined = model_.Refine(field, level, place);
  }
  refined += model_.Rarer(field, Rarer(field, level, refined.match, a, b));
  return refined;
}

// What the rarity of their values adds to a weight that was refined by `refined`.
double PairScorer::Rarer(size_t field, uint32_t level, double refined, RecordId a,
                         RecordId b) const {
  if (rarity_.empty() || rarity_[field].empty()) return 0;
  const double weight = model_.weight(field, level) + refined;
  const auto left = double{rarity_[field][comparison_.value(a, field)]};
  const auto right = double{rarity_[field][comparison_.value(b, field)]};
  if (level == 0) return left - weight;
  // To be nearly a common value tells no more than to be that value.
  return weight > 0 ? std::min(0.0, std::max(0.0, std::min(left, right)) - weight) : 0;
}

double PairScorer::FieldWeight(size_t field, const Agreement& agreement, RecordId a,
                               RecordId b) const {
  return model_.weight(field, LevelOf(agreement.pattern, field)) +
         Refine(field, agreement, a, b).match;
}

void PairScorer::WeighByRarity(const std::vector<RecordId>& leader_of) {
  double entities = 0;
  for (RecordId record = 0; record < leader_of.size(); ++record) {
    entities += leader_of[record] == record ? 1 : 0;
  }
  rarity_.clear();
  std::vector<uint64_t> holders;  // Value and cluster, one of each.
  for (size_t field = 0; field < comparison_.fields().size(); ++field) {
    if (comparison_.fields()[field].kind == FieldKind::kStanding) {
      rarity_.emplace_back();
      continue;
    }
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
