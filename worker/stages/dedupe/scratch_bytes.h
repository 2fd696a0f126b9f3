// Memory for one record at a time that is written before it is read: pages that are not written
// cost nothing, so that room for the worst case of a long record is not paid for. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>

namespace dq {

class ScratchBytes {
 public:
  // Returns room for `size` bytes, whose content is undefined; what was there before is gone.
  char* Room(size_t size) {
    if (size <= size_) return bytes_.get();
    bytes_.reset();
    size_ = size < kLongBytes ? 2 * size : size;
    bytes_ = std::make_unique_for_overwrite<char[]>(size_);
    return bytes_.get();
  }
  // Gives the room of a long record back.
  void Settle() {
    if (size_ < kLongBytes) return;
    bytes_.reset();
    size_ = 0;
  }

 private:
  static constexpr size_t kLongBytes = size_t{4} << 20;
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

}  // namespace dq
