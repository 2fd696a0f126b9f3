// Which values a column (the target) has beside one value of another column, or pair of columns:
// the votes by which a dependency fills. Values only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "worker/stages/complete/encoded_column.h"

namespace dq {

// The votes of one group: codes of target values, the most frequent first.
struct VoteGroup {
  struct Vote {
    uint32_t value = 0;
    uint32_t count = 0;
  };
  std::vector<Vote> votes;
  uint32_t missing = 0;  // Cells without a value.

  uint32_t total() const {
    uint32_t total = 0;
    for (const Vote& vote : votes) total += vote.count;
    return total;
  }
  // Sorts the votes: the more frequent first, equals by their codes.
  void Order() {
    std::sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) {
      return a.count != b.count ? a.count > b.count : a.value < b.value;
    });
  }
};

// Counts the votes of one group after the other in the same room. Not thread-safe.
class VoteCounter {
 public:
  // Returns the ordered votes of `rows` for `target`, until the next call.
  const VoteGroup& Count(const EncodedColumn& target, std::span<const uint32_t> rows);

 private:
  std::vector<uint32_t> counts_;  // By code of the target, zero between groups.
  VoteGroup group_;
};

}  // namespace dq
