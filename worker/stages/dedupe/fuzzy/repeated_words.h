// Finds which fields of the records repeat one another's words: a title, and the description that
// holds it. Under the derived fields. Stateless.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/stage.h"
#include "worker/stages/dedupe/record_store.h"

namespace dq {

// Two fields of the store.
struct FieldPair {
  size_t a = 0;
  size_t b = 0;
};

// Returns for every pair whether its fields repeat one another: in enough of the rows that hold
// both, half of the words of one are words of the other. Looks at 2,000 rows at most, evenly
// spread. CANCELLED.
absl::StatusOr<std::vector<bool>> FindRepeats(const RecordStore& store,
                                              std::span<const FieldPair> pairs,
                                              const StageContext& context);

}  // namespace dq
