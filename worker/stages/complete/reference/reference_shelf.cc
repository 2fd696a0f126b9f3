#include "worker/stages/complete/reference/reference_shelf.h"

#include <algorithm>

namespace dq {
namespace {

constexpr size_t kAheadBytesMax = size_t{64} << 10;
constexpr int64_t kNearBytes = int64_t{32} << 10;
constexpr size_t kBlockBytes = size_t{256} << 10;
constexpr size_t kShelfBytesMax = size_t{1} << 20;

}  // namespace

void ReferenceShelf::Clear() {
  // One block is kept for the next rows.
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);
  if (size_ > kBlockBytes) {
    blocks_.clear();
    size_ = 0;
  }
  bytes_ = size_;
  used_ = 0;
  ahead_ = {};
}

void ReferenceShelf::ClearWhenLarge() {
  if (bytes_ > kShelfBytesMax) Clear();
}

void ReferenceShelf::ReadAhead(std::string_view bytes, int64_t offset) {
  ahead_ = bytes;
  ahead_offset_ = offset;
}

std::string_view ReferenceShelf::Ahead(int64_t offset) const {
  const int64_t at = offset - ahead_offset_;
  if (at < 0 || at >= static_cast<int64_t>(ahead_.size())) return {};
  return ahead_.substr(static_cast<size_t>(at));
}

size_t ReferenceShelf::Plan(int64_t offset) {
  const auto near = [offset](int64_t place) {
    return offset >= place && offset < place + kNearBytes;
  };
  if (!near(expected_) && !near(expected_too_)) {
    expected_too_ = offset + static_cast<int64_t>(kRowBytes);
    return kRowBytes;
  }
  ahead_bytes_ = std::clamp(4 * ahead_bytes_, 4 * kRowBytes, kAheadBytesMax);
  expected_ = offset + static_cast<int64_t>(ahead_bytes_);
  return ahead_bytes_;
}

char* ReferenceShelf::Take(size_t bytes) {
  if (blocks_.empty() || size_ - used_ < bytes) {
    size_ = std::max(bytes, kBlockBytes);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size_));
    bytes_ += size_;
    used_ = 0;
  }
  char* const room = blocks_.back().get() + used_;
  used_ += bytes;
  return room;
}

}  // namespace dq
