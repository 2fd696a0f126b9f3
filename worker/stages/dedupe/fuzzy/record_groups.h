// Finds by which fields records form groups of different individuals (the beers of a brewery, the
// readings of a buoy), so that what a group shares is not taken for what copies have in common.
// Sits between the comparison and the model. Stateless; deterministic.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/stages/dedupe/fuzzy/blocking.h"
#include "worker/stages/dedupe/fuzzy/match_model.h"
#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {

// The records that share a value of a field, over all its values.
struct RecordGroups {
  size_t field = 0;
  std::vector<size_t> shared;  // The fields that members mostly share as well.
  GroupedPairs pairs;
};

// Compares many pairs of records.
using PatternsOf = std::function<absl::StatusOr<std::vector<Pattern>>(const std::vector<PairKey>&)>;

// Returns the groups of `records` (ascending), at most kGroupedFieldsMax kinds of them. `random`
// are patterns of pairs drawn at random. OUT_OF_MEMORY, and what `patterns_of` returns.
absl::StatusOr<std::vector<RecordGroups>> FindRecordGroups(const RecordComparison& comparison,
                                                           const std::vector<RecordId>& records,
                                                           const PairScope& scope,
                                                           const PatternCounts& random,
                                                           const PatternsOf& patterns_of,
                                                           MemoryBudget& memory);

// Returns how many of the pairs of `candidates` are of one group and agree on half of what tells
// its members apart: all that may be copies, and some more.
double CopiesMost(const RecordComparison& comparison, const RecordGroups& groups,
                  const PatternCounts& candidates);

}  // namespace dq
