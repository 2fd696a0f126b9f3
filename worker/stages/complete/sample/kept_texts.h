// Copies of texts that count against the memory limit with what refers to them. Under the samples
// of stage `complete`. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"

namespace dq {

inline constexpr size_t kSampleCellBytesMax = 1024;  // Of longer cells their beginning is known.

class KeptTexts {
 public:
  using Bytes = std::vector<std::unique_ptr<char[]>>;

  // `memory` and `what` ("the sample of the rows") outlive the texts.
  KeptTexts(MemoryBudget& memory, std::string_view what) : taken_(memory, what) {}

  // Returns a copy of `text`, of a longer one of its first kSampleCellBytesMax bytes.
  // OUT_OF_MEMORY.
  absl::StatusOr<std::string_view> Keep(std::string_view text) {
    text = text.substr(0, kSampleCellBytesMax);
    if (text.empty()) return std::string_view();
    if (left_ < text.size()) [[unlikely]] {
      if (absl::Status added = AddChunk(); !added.ok()) return added;
    }
    char* const out = next_;
    std::memcpy(out, text.data(), text.size());
    next_ += text.size();
    left_ -= text.size();
    return std::string_view(out, text.size());
  }
  // Forgets all texts: they count no longer, and live as long as what is returned.
  [[nodiscard]] Bytes Forget();

 private:
  absl::Status AddChunk();

  TakenBytes taken_;
  Bytes chunks_;
  char* next_ = nullptr;  // In the last chunk.
  size_t left_ = 0;
};

}  // namespace dq
