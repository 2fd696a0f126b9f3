// The rows of a sample in groups of equal values of one or two columns, to see what another column
// holds in every group. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "worker/stages/complete/dependency/vote_group.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

class GroupedRows {
 public:
  // Groups the rows by their value in `column`, which outlives the groups. Rows without one are
  // left out, and groups of fewer than `rows_min` rows.
  GroupedRows(const EncodedColumn& column, uint32_t rows_min);
  // Divides such groups by the rows' values in another column.
  GroupedRows(const GroupedRows& groups, const EncodedColumn& column);

  // Calls `see` with the ordered votes of every group of at most `rows_max` rows for `target` and
  // with its rows, in order.
  void ForEach(
      const EncodedColumn& target, int64_t rows_max, VoteCounter& counter,
      absl::FunctionRef<void(const VoteGroup& votes, std::span<const uint32_t> rows)> see) const;

 private:
  void Group(std::vector<uint32_t> sorted);

  std::vector<const EncodedColumn*> by_;  // One or two.
  uint32_t rows_min_;
  std::vector<uint32_t> rows_;    // By group.
  std::vector<uint32_t> starts_;  // Of the groups in `rows_`, and the end.
};

}  // namespace dq
