// The rows of a sample in groups of equal values of one or two columns, to see what another column
// holds in every group. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "worker/stages/complete/encoded_column.h"
#include "worker/stages/complete/vote_group.h"

namespace dq {

class GroupedRows {
 public:
  // Groups the rows in which every one of `determinants`, one or two, has a value.
  explicit GroupedRows(const std::vector<const EncodedColumn*>& determinants);

  // Calls `see` with the ordered votes of every group for `target` and with one row of the group.
  void ForEach(const EncodedColumn& target,
               const std::function<void(const VoteGroup& votes, uint32_t row)>& see);

 private:
  VoteGroup Votes(const EncodedColumn& target, size_t begin, size_t end);

  std::vector<uint32_t> rows_;    // By group.
  std::vector<uint32_t> starts_;  // Of the groups in `rows_`, and the end.
  std::vector<uint32_t> counts_;  // By code of the target, zero between groups.
  std::vector<uint32_t> seen_;    // Codes of the group at hand.
};

}  // namespace dq
