// The bytes that one structure holds of a memory budget: given back when it goes, and with it when
// it is moved. Every structure that grows with the data has one. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "worker/chain/memory_budget.h"

namespace dq {

class TakenBytes {
 public:
  // `memory` and `what` ("the pairs to compare") outlive the object.
  TakenBytes(MemoryBudget& memory, std::string_view what) : memory_(&memory), what_(what) {}
  ~TakenBytes() { Clear(); }
  TakenBytes(TakenBytes&& other) noexcept
      : memory_(other.memory_), what_(other.what_), bytes_(std::exchange(other.bytes_, 0)) {}
  // What this one held is given back when `other` goes.
  TakenBytes& operator=(TakenBytes&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(what_, other.what_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  size_t bytes() const { return bytes_; }
  // OUT_OF_MEMORY, which takes nothing, when `bytes` more pass the limit.
  absl::Status Take(size_t bytes) {
    absl::Status taken = memory_->Take(static_cast<int64_t>(bytes), what_);
    if (taken.ok()) bytes_ += bytes;
    return taken;
  }
  // Gives back some of what was taken.
  void Release(size_t bytes) {
    memory_->Release(static_cast<int64_t>(bytes));
    bytes_ -= bytes;
  }
  // Takes or gives back what it needs to hold `bytes` in all. OUT_OF_MEMORY as Take.
  absl::Status Resize(size_t bytes) {
    if (bytes > bytes_) return Take(bytes - bytes_);
    Release(bytes_ - bytes);
    return absl::OkStatus();
  }
  // Gives everything back.
  void Clear() { Release(bytes_); }
  // OUT_OF_MEMORY for `bytes` that no limit would do for.
  absl::Status Refuse(size_t bytes) const {
    return memory_->Take(memory_->limit_bytes() + static_cast<int64_t>(bytes), what_);
  }

 private:
  MemoryBudget* memory_;
  std::string_view what_;
  size_t bytes_ = 0;
};

}  // namespace dq
