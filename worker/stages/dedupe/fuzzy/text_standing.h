// How a text stands among all that a record of one source could be: alike to one record of the
// other source much more than to the next best says more than how alike it is. Sits beside the
// comparison, for two sources without repeats of their own. Read by many threads once measured.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/record_store.h"

namespace dq {

class TextStanding {
 public:
  // Of so many records. `memory` outlives the standing. OUT_OF_MEMORY.
  static absl::StatusOr<TextStanding> Create(size_t records, MemoryBudget& memory);

  // Notes how alike two records of different sources are. Not thread-safe.
  void Note(RecordId a, RecordId b, float alike);

  // After all pairs were noted: how alike a pair is relative to what else its records are most
  // alike to, the smaller of both sides; above 1 they are each other's best.
  double Of(RecordId a, RecordId b, double alike) const;

 private:
  struct Best {
    float first = 0;
    float second = 0;
    RecordId partner = 0;
  };
  TextStanding(size_t records, TakenBytes taken) : taken_(std::move(taken)), best_(records) {}
  static double Relative(const Best& best, RecordId partner, double alike);

  TakenBytes taken_;
  std::vector<Best> best_;
};

}  // namespace dq
