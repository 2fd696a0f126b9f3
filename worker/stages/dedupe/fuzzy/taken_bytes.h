// Bytes of a memory budget that are given back at the end of a scope. Sits beside the buffers of
// fuzzy matching. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "worker/chain/memory_budget.h"

namespace dq {

class TakenBytes {
 public:
  // `memory` and `what` ("the pairs to compare") outlive the object.
  TakenBytes(MemoryBudget& memory, std::string_view what) : memory_(memory), what_(what) {}
  ~TakenBytes() { memory_.Release(taken_); }
  TakenBytes(const TakenBytes&) = delete;
  TakenBytes& operator=(const TakenBytes&) = delete;

  // OUT_OF_MEMORY, which takes nothing, when `bytes` more pass the limit.
  absl::Status Take(size_t bytes) {
    absl::Status taken = memory_.Take(static_cast<int64_t>(bytes), what_);
    if (taken.ok()) taken_ += static_cast<int64_t>(bytes);
    return taken;
  }
  // Gives back some of what was taken.
  void Release(size_t bytes) {
    memory_.Release(static_cast<int64_t>(bytes));
    taken_ -= static_cast<int64_t>(bytes);
  }

 private:
  MemoryBudget& memory_;
  std::string_view what_;
  int64_t taken_ = 0;
};

}  // namespace dq
