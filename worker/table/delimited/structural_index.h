// Finds the bytes that can end a cell, 64 at a time: delimiter, quote, escape, line feed, carriage
// return and NUL. First half of reading delimited text; RecordScanner is the second. Holds the
// positions of one window at a time, so that its memory has a bound however long a row is. Not
// thread-safe. The classification by two nibble look-ups is that of simdjson (Langdale and Lemire
// 2019).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/table/delimited/byte_classifier.h"
#include "worker/table/delimited/dialect.h"

namespace dq {

// Bytes that must be readable after the indexed range; their value does not matter.
inline constexpr size_t kIndexPaddingBytes = 64;
// Bytes that are indexed at once: more than a usual batch has, a multiple of 64.
inline constexpr size_t kIndexWindowBytes = size_t{1} << 20;

class StructuralIndex {
 public:
  explicit StructuralIndex(const Dialect& dialect,
                           ByteClassifier classify = ByteClassifiers().front(),
                           size_t window_bytes = kIndexWindowBytes);

  // Indexes the first window of `data[0, size)`, size < 2^32. `data` must be readable for
  // kIndexPaddingBytes more, and stay so.
  void Build(const char* data, size_t size);
  // Indexes the window behind; false at the end of the data, where nothing changes.
  bool Advance();
  // Indexes the window that begins with the block of the byte at `at`.
  void MoveTo(size_t at);

  // Ascending positions of the structural bytes of the window, then window_end() as a sentinel,
  // which is at `end_position()`.
  const uint32_t* positions() const { return positions_.data(); }
  const uint32_t* end_position() const { return positions_.data() + used_; }
  size_t window_begin() const { return window_begin_; }
  size_t window_end() const { return window_end_; }
  // Whether `[begin, end)`, which was indexed, may hold bytes above 0x7F; false is certain.
  bool MayHoldNonAscii(size_t begin, size_t end) const;

 private:
  void IndexWindow();

  NibbleTables tables_;
  ByteClassifier classify_;
  size_t window_bytes_;
  const char* data_ = nullptr;
  size_t size_ = 0;
  size_t window_begin_ = 0;
  size_t window_end_ = 0;
  std::vector<uint32_t> positions_;
  size_t used_ = 0;  // Of the positions, without the sentinel.
  std::vector<uint8_t> non_ascii_blocks_;
  bool any_non_ascii_ = false;
};

}  // namespace dq
