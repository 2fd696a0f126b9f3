// Room for texts that live as long as a batch: blocks that never move. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace dq {

class TextRoom {
 public:
  // Room for `bytes`, at most kBlockBytes, until Clear.
  char* Take(size_t bytes) {
    if (used_ == 0 || left_ < bytes) {
      if (used_ == blocks_.size()) blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
      ++used_;
      left_ = kBlockBytes;
    }
    left_ -= bytes;
    return blocks_[used_ - 1].get() + (kBlockBytes - left_ - bytes);
  }
  // Forgets all texts; keeps the room.
  void Clear() { used_ = 0; }

  static constexpr size_t kBlockBytes = size_t{64} << 10;

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0;  // Blocks with texts; the last one has `left_` bytes left.
  size_t left_ = 0;
};

}  // namespace dq
