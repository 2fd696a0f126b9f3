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

  int64_t limit_bytes() const { return limit_bytes_; }
  // What may still be taken.
  int64_t available_bytes() const { return limit_bytes_ - kMemoryReservedBytes - taken_bytes_; }

  // Takes `bytes` for `what` ("the index of the reference"); OUT_OF_MEMORY when that passes the
  // limit, and nothing is taken.
  absl::Status Take(int64_t bytes, std::string_view what);
  // Gives back what was taken.
  void Release(int64_t bytes) { taken_bytes_ -= bytes; }

 private:
  int64_t limit_bytes_;
  std::atomic<int64_t> taken_bytes_ = 0;
};

}  // namespace dq
