// Room for rows of the reference that are read back from its temporary file, and what was read
// there ahead: rows that are asked for in about the order in which they were added are read many at
// once. Everything stays until Clear. One reader has one. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace dq {

class ReferenceShelf {
 public:
  // Most rows are shorter: of a row that is read alone so much is read at first.
  static constexpr size_t kRowBytes = 512;

  void Clear();
  // Clears what has become large.
  void ClearWhenLarge();

  // Returns room for so many bytes.
  char* Take(size_t bytes);
  // How many bytes to read at `offset` of the file, for a row that was not read ahead: kRowBytes
  // for a row alone, more to read ahead.
  size_t Plan(int64_t offset);
  // Notes that `bytes`, which are on the shelf, are those from `offset` of the file on.
  void ReadAhead(std::string_view bytes, int64_t offset);
  // What was read ahead from `offset` on; empty: nothing.
  std::string_view Ahead(int64_t offset) const;

  size_t BytesForTest() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0;  // Of the last block.
  size_t size_ = 0;
  size_t bytes_ = 0;  // Of all blocks.
  // What was read ahead: these bytes from this place of the file on.
  std::string_view ahead_;
  int64_t ahead_offset_ = 0;
  // Where the next row may be: behind what was read ahead, and behind the last row read alone.
  int64_t expected_ = 0;
  int64_t expected_too_ = 0;
  size_t ahead_bytes_ = 0;
};

}  // namespace dq
