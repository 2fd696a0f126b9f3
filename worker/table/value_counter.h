// Counts how often each value of a column occurs, in bounded memory: exact while there are few
// different values, then a Frequent Items sketch (Misra and Gries 1982; purging as in Anderson et
// al. 2017) for the most frequent ones and a HyperLogLog for how many there are. Deterministic in
// the order of values; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/table/hyper_log_log.h"

namespace dq {

inline constexpr size_t kCountedValuesMax = size_t{1} << 16;

struct CountedValue {
  std::string value;
  int64_t count = 0;  // Exact while ValueCounter::exact(), else a lower bound.
};

class ValueCounter {
 public:
  // `capacity`: different values that are counted exactly, a power of two; fewer when their texts
  // take more than `text_bytes_max`.
  ValueCounter(size_t capacity, size_t text_bytes_max, int precision);

  // Adds a value; `hash` is its XXH3 64-bit hash, by which values are told apart.
  void Add(std::string_view value, uint64_t hash, int64_t times = 1);
  // Brings the place of a value that is added soon into the cache.
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }

  // Whether no value was ever forgotten.
  bool exact() const { return error_ == 0; }
  // How often a value was counted, by its hash; 0 when it is not known.
  int64_t CountOf(uint64_t hash) const;
  // How many different values there were; an estimate unless exact().
  int64_t Distinct() const;
  // By how much any count may be too low.
  int64_t error() const { return error_; }
  // The `n` most frequent values still known, the more frequent first, equals by text.
  std::vector<CountedValue> Top(size_t n) const;

 private:
  struct Slot {
    uint64_t hash = 0;
    int64_t count = 0;  // 0: free.
    uint32_t offset = 0;
    uint32_t size = 0;
  };

  Slot& Find(uint64_t hash);
  const Slot& Find(uint64_t hash) const { return const_cast<ValueCounter*>(this)->Find(hash); }
  void Purge();
  std::string_view Text(const Slot& slot) const { return {&texts_[slot.offset], slot.size}; }

  size_t capacity_;
  size_t text_bytes_max_;
  size_t mask_;
  size_t used_ = 0;
  int64_t error_ = 0;
  std::vector<Slot> slots_;
  std::string texts_;
  HyperLogLog distinct_;
};

}  // namespace dq
