// Counts the memory that grows with the data (hash sets, references) against the chain's limit, so
// that a chain fails with a message that names the limit before the kernel kills it. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace dq {

// What the process needs whatever the data: code, buffers, batches.
inline constexpr int64_t kMemoryReservedBytes = int64_t{12} << 20;

class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  // One holder's share of `whole`, which outlives it: takes from the whole, and knows what of it
  // this holder has.
  explicit MemoryBudget(MemoryBudget* whole) : whole_(whole), limit_bytes_(whole->limit_bytes()) {}

  int64_t limit_bytes() const { return limit_bytes_; }
  // What may still be taken, by any holder.
  int64_t available_bytes() const {
    if (whole_ != nullptr) return whole_->available_bytes();
    return limit_bytes_ - kMemoryReservedBytes - taken_bytes_;
  }
  // The most that was taken at once. Of a share; of the whole nobody asks.
  int64_t peak_bytes() const { return peak_bytes_; }
  // Notes what a process that this one goes on from had taken at once.
  void NotePeak(int64_t taken);

  // Takes `bytes` for `what` ("the index of the reference"); OUT_OF_MEMORY when that passes the
  // limit, and nothing is taken.
  absl::Status Take(int64_t bytes, std::string_view what);
  // Gives back what was taken.
  void Release(int64_t bytes) {
    taken_bytes_ -= bytes;
    if (whole_ != nullptr) whole_->Release(bytes);
  }

 private:
  MemoryBudget* whole_ = nullptr;  // Null: this is the whole.
  int64_t limit_bytes_;
  std::atomic<int64_t> taken_bytes_ = 0;
  std::atomic<int64_t> peak_bytes_ = 0;
};

}  // namespace dq
