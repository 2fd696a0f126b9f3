// The different values of one column, each kept once and known by a number, with how often it
// occurs. Sits under the record store. Not thread-safe while values are added; then read by many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"

namespace dq {

// A value of a column; kNoValue: the cell is missing.
using ValueId = uint32_t;
inline constexpr ValueId kNoValue = 0;

class ValueDictionary {
 public:
  // `memory` must outlive the dictionary; its bytes are taken as the dictionary grows.
  explicit ValueDictionary(MemoryBudget& memory)
      : taken_(memory, "the records to compare"), ends_(1, 0), counts_(1, 0) {}

  // The id of `text`, which is counted once more; kNoValue for an empty text. OUT_OF_MEMORY.
  absl::StatusOr<ValueId> Add(std::string_view text, uint32_t times = 1);
  // The text of an id; valid until the next Add.
  std::string_view text(ValueId id) const {
    return std::string_view(bytes_).substr(ends_[id - 1], ends_[id] - ends_[id - 1]);
  }
  // How often the value was added.
  uint32_t count(ValueId id) const { return counts_[id]; }
  // Ids are 1 to size().
  uint32_t size() const { return static_cast<uint32_t>(counts_.size() - 1); }

 private:
  absl::Status Reserve(size_t text_bytes);
  absl::Status Rehash(size_t slots);

  TakenBytes taken_;
  std::string bytes_;           // All texts, one behind the other.
  std::vector<uint64_t> ends_;  // Where the text of an id ends.
  std::vector<uint32_t> counts_;
  std::vector<ValueId> slots_;  // Open addressing; kNoValue: free.
};

}  // namespace dq
