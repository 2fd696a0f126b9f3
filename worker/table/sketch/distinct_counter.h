// Counts different values by their 64-bit hashes: exactly up to a limit, beyond it by HyperLogLog.
// Deterministic: the order of values does not matter. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "worker/table/bytes/huge_array.h"
#include "worker/table/sketch/hyper_log_log.h"

namespace dq {

class StateReader;
class StateWriter;

class DistinctCounter {
 public:
  // Exact up to `exact_max` values, about 10 bytes each; then an estimate of `precision`.
  DistinctCounter(size_t exact_max, int precision) : exact_max_(exact_max), precision_(precision) {}

  void Add(uint64_t hash) {
    if (estimate_.has_value()) {
      estimate_->Add(hash);
    } else {
      AddExact(hash);
    }
  }
  // Brings the place of a hash that is added soon into the cache.
  // (Inlined by force: gcc takes a function that only prefetches for one without effect.)
  [[gnu::always_inline]] void Prefetch(uint64_t hash) const {
    if (!estimate_.has_value() && hashes_.size() > 0) __builtin_prefetch(&hashes_[Place(hash)]);
  }

  // Makes room for so many values, before the first is added.
  void Reserve(size_t values);

  bool exact() const { return !estimate_.has_value(); }
  int64_t Count() const;
  // Writes the state; Restore reads it into a new object with the same limits and says with the
  // reader when it cannot be one.
  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);
  size_t memory_bytes() const { return hashes_.size_bytes(); }

 private:
  // In order of the hash, so that growing moves through memory in order.
  size_t Place(uint64_t hash) const { return ((hash >> 32) * hashes_.size()) >> 32; }
  size_t places_max() const { return (exact_max_ + 1) / 4 * 5 + 8; }
  void AddExact(uint64_t hash);
  bool Insert(uint64_t hash);
  void Grow(size_t places);

  size_t exact_max_;
  int precision_;
  HugeArray<uint64_t> hashes_;  // 0: free. The hash 0 counts as 1.
  size_t used_ = 0;
  std::optional<HyperLogLog> estimate_;
};

}  // namespace dq
