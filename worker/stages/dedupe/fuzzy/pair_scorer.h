// The evidence for two records being the same: the model's weights, with equal values weighed by
// how rare they are. Sits on the comparison and the model. Read by many threads.
#pragma once

#include <vector>

#include "worker/stages/dedupe/fuzzy/match_model.h"
#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {

class PairScorer {
 public:
  // Both outlive the scorer.
  PairScorer(const RecordComparison& comparison, const MatchModel& model)
      : comparison_(comparison), model_(model) {}

  // Bits for (above 0) or against a match, before the odds of a pair drawn at random.
  double Evidence(RecordId a, RecordId b) const;
  // The same with the odds: above 0 a match is more likely than not.
  double LogOdds(RecordId a, RecordId b) const { return Evidence(a, b) + model_.prior(); }
  // Weighs equal values by how rare they are among the clusters of `leader_of`, instead of all
  // alike: many copies of one entity do not make its name common.
  void WeighByRarity(const std::vector<RecordId>& leader_of);
  // What a field, known in both records, adds to the evidence of a pair that agrees like that.
  double FieldWeight(size_t field, const Agreement& agreement, RecordId a, RecordId b) const;

 private:
  Refinement Refine(size_t field, const Agreement& agreement, RecordId a, RecordId b) const;
  double Rarer(size_t field, uint32_t level, double refined, RecordId a, RecordId b) const;

  const RecordComparison& comparison_;
  const MatchModel& model_;
  // log2(m/u) of an equal value; by field and value, none of a field that has no values.
  std::vector<std::vector<float>> rarity_;
};

}  // namespace dq
