// Finds the pairs of records that are worth comparing: those that share a key of one of several
// passes, made for the fields at hand and chosen by how many pairs they give. Sits between the
// record store and the comparison. Deterministic.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/stage.h"
#include "worker/stages/dedupe/fuzzy/long_work.h"
#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {

// Two records, the smaller id in the upper half.
using PairKey = uint64_t;
inline PairKey MakePair(RecordId a, RecordId b) {
  return a < b ? PairKey{a} << 32 | b : PairKey{b} << 32 | a;
}
inline RecordId FirstOf(PairKey pair) { return static_cast<RecordId>(pair >> 32); }
inline RecordId SecondOf(PairKey pair) { return static_cast<RecordId>(pair); }

struct Candidates {
  std::vector<PairKey> pairs;  // Ascending, each once.
  bool complete = false;       // Whether these are all pairs of the records.
};

// Which pairs of records may match: all, or those of one record before `split` and one from it on.
struct PairScope {
  std::optional<RecordId> split = {};

  bool Allows(RecordId a, RecordId b) const { return !split || (a < *split) != (b < *split); }
  // How many pairs of `records` (ascending) there are.
  double Pairs(const std::vector<RecordId>& records) const;
};

// Returns the candidate pairs of `records` (ascending ids). All pairs when they are few. CANCELLED
// when `work` says so; OUT_OF_MEMORY when the keys or pairs do not fit.
absl::StatusOr<Candidates> FindCandidates(const RecordComparison& comparison,
                                          const std::vector<RecordId>& records,
                                          const PairScope& scope, const StageContext& context,
                                          LongWork& work);

}  // namespace dq
