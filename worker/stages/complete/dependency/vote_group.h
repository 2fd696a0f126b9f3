// Which values a column (the target) has beside one value of another column, or pair of columns:
// the votes by which a dependency fills. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// The votes of one group: codes of target values, the two most frequent first.
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
  // Puts the two most frequent votes first, equals by their codes; the others tell only how many
  // they are.
  void Order() {
    const auto before = [](const Vote& a, const Vote& b) {
      return a.count != b.count ? a.count > b.count : a.value < b.value;
    };
    for (size_t i = 1; i < votes.size(); ++i) {
      if (before(votes[i], votes[0])) std::swap(votes[i], votes[0]);
      if (i > 1 && before(votes[i], votes[1])) std::swap(votes[i], votes[1]);
    }
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
