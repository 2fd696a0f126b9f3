// Finds the bytes that can end a cell, 64 at a time: delimiter, quote, escape, line feed, carriage
// return and NUL. First half of reading delimited text; RecordScanner is the second. Not
// thread-safe. The classification by two nibble look-ups is that of simdjson (Langdale and Lemire
// 2019).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/table/byte_classifier.h"
#include "worker/table/dialect.h"

namespace dq {

// Bytes that must be readable after the indexed range; their value does not matter.
inline constexpr size_t kIndexPaddingBytes = 64;

class StructuralIndex {
 public:
  explicit StructuralIndex(const Dialect& dialect,
                           ByteClassifier classify = ByteClassifiers().front());

  // Indexes `data[0, size)`, size < 2^32. `data` must be readable for kIndexPaddingBytes more.
  void Build(const char* data, size_t size);

  // Ascending positions of the structural bytes, then `size` once as a sentinel.
  const uint32_t* positions() const { return positions_.data(); }
  // Whether `[begin, end)` may hold bytes above 0x7F; false is certain.
  bool MayHoldNonAscii(size_t begin, size_t end) const;

 private:
  NibbleTables tables_;
  ByteClassifier classify_;
  std::vector<uint32_t> positions_;
  std::vector<uint8_t> non_ascii_blocks_;
  bool any_non_ascii_ = false;
};

}  // namespace dq
