// The rows of a sample in groups of equal values of one or two columns, to see what another column
// holds in every group. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "worker/stages/complete/encoded_column.h"
#include "worker/stages/complete/vote_group.h"

namespace dq {

class GroupedRows {
 public:
  // Groups the rows in which every one of `determinants`, one or two, has a value.
  explicit GroupedRows(const std::vector<const EncodedColumn*>& determinants);

  // Calls `see` with the ordered votes of every group of `rows_min` rows and more for `target` and
  // with one row of the group.
  void ForEach(const EncodedColumn& target, uint32_t rows_min,
               absl::FunctionRef<void(const VoteGroup& votes, uint32_t row)> see);

 private:
  void CountVotes(const EncodedColumn& target, size_t begin, size_t end);

  std::vector<uint32_t> rows_;    // By group.
  std::vector<uint32_t> starts_;  // Of the groups in `rows_`, and the end.
  std::vector<uint32_t> counts_;  // By code of the target, zero between groups.
  VoteGroup group_;               // At hand.
};

}  // namespace dq
