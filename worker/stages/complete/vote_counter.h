// Counts, for every value of one or two columns (the determinant), which values another column (the
// target) has beside it: the votes by which a dependency fills. Bounded: groups and values beyond
// the limits are not counted. Deterministic in the order of rows; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace dq {

inline constexpr size_t kVoteGroupsMax = size_t{1} << 16;
inline constexpr size_t kVoteValuesMax = 6;  // Different values a group remembers.

// The votes of one group: codes of target values, the most frequent first.
struct VoteGroup {
  struct Vote {
    uint32_t value = 0;
    uint32_t count = 0;
  };
  std::vector<Vote> votes;
  uint32_t others = 0;   // Votes for values beyond the limit.
  uint32_t missing = 0;  // Cells without a value.

  uint32_t total() const;
  // Sorts the votes: the more frequent first, equals by their codes.
  void Order();
};

class VoteCounter {
 public:
  // Adds a row: the determinant by its hash, the target by its code.
  void Add(uint64_t determinant, uint32_t value);
  // Adds a row whose target is missing.
  void AddMissing(uint64_t determinant);

  const absl::flat_hash_map<uint64_t, VoteGroup>& groups() const { return groups_; }
  absl::flat_hash_map<uint64_t, VoteGroup>& groups() { return groups_; }

 private:
  VoteGroup* Find(uint64_t determinant);

  absl::flat_hash_map<uint64_t, VoteGroup> groups_;
};

}  // namespace dq
