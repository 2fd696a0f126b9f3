// Counts how often each value of a column occurs, in bounded memory: exact while there are few
// different values, then the frequent ones only (Misra and Gries 1982, with purging as in Anderson
// et al. 2017; every count is exact since the value was taken in). A value is then taken in only
// when it comes a second time, by a filter as in Einziger et al. 2017, so that values that never
// repeat cost little. How many different values there are is counted apart. Deterministic in the
// order of values; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/table/sketch/distinct_counter.h"

namespace dq {

class StateReader;
class StateWriter;

struct CountedValue {
  std::string value;
  int64_t count = 0;       // At least; exactly when `missed_max` is 0.
  int64_t missed_max = 0;  // How many more there may have been.
};

struct ValueCounterLimits {
  size_t values = size_t{1} << 16;      // Different values that are counted exactly; a power of 2.
  size_t text_bytes = size_t{4} << 20;  // Of their texts; beyond it as with too many values.
  size_t distinct = size_t{1} << 20;    // Different values whose number is exact.
  int precision = 16;                   // Of the HyperLogLog beyond.
};

class ValueCounter {
 public:
  explicit ValueCounter(const ValueCounterLimits& limits);

  // A value and its XXH3 64-bit hash, by which values are told apart.
  struct Hashed {
    std::string_view value;
    uint64_t hash;
  };

  // Adds a value.
  void Add(std::string_view value, uint64_t hash, int64_t times = 1);
  // Adds many values, with the memory they need already under way: the tables are larger than the
  // cache.
  void AddAll(std::span<const Hashed> values);

  // Whether no value was ever forgotten: all counts are exact.
  bool exact() const { return !forgetting_; }
  // How often a value was counted, by its hash: at least, unless exact(); 0 when it is not known.
  int64_t CountOf(uint64_t hash) const;
  // How many different values there were.
  int64_t Distinct() const { return exact() ? static_cast<int64_t>(used_) : distinct_.Count(); }
  bool distinct_exact() const { return exact() || distinct_.exact(); }
  // How often a value that is not known any more may have occurred.
  int64_t forgotten_max() const { return forgotten_max_; }
  // The `n` most frequent values still known, the more frequent first, equals by text.
  std::vector<CountedValue> Top(size_t n) const;
  size_t memory_bytes() const {
    return slots_.capacity() * (sizeof(Slot) + sizeof(uint16_t)) + texts_.capacity() +
           seen_.capacity() * sizeof(uint64_t) + distinct_.memory_bytes();
  }

  // Writes the state; Restore reads it into a new object with the same limits and says with the
  // reader when it cannot be one.
  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);

 private:
  struct Slot {
    uint64_t hash = 0;
    int64_t count = 0;       // Since it was taken in.
    int64_t missed_max = 0;  // forgotten_max_ at that time.
    uint32_t offset = 0;
    uint32_t size = 0;
  };

  // What is looked at before a slot: most values that are not remembered are told by it alone, and
  // the tags of all slots stay in the cache. 0: the slot is free.
  static uint16_t TagOf(uint64_t hash) { return static_cast<uint16_t>(hash >> 48 | 1); }
  // The place of a value, or the free one where it would be.
  size_t Find(uint64_t hash) const;
  void SetTag(size_t place, uint16_t tag);
  void Count(std::string_view value, uint64_t hash, int64_t times);
  void TakeIn(size_t place, std::string_view value, uint64_t hash, int64_t times);
  void Rebuild(size_t slots, int64_t least);
  void StartForgetting();
  void Forget();
  bool WasSeen(uint64_t hash);
  size_t WordOf(uint64_t hash) const { return ((hash >> 32) * seen_.size()) >> 32; }
  std::string_view Text(const Slot& slot) const { return {&texts_[slot.offset], slot.size}; }

  size_t capacity_;
  size_t text_bytes_max_;
  size_t mask_;
  size_t used_ = 0;
  bool forgetting_ = false;
  int64_t forgotten_max_ = 0;
  std::vector<uint64_t> seen_;  // A bit for values of which one cell was seen; then forgetting.
  size_t seen_count_ = 0;
  std::vector<uint16_t> tags_;  // Of all slots, then once more of the first ones.
  std::vector<Slot> slots_;
  std::string texts_;
  DistinctCounter distinct_;  // Empty as long as slots_ holds all values.
};

}  // namespace dq
