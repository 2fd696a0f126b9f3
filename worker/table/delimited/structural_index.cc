#include "worker/table/delimited/structural_index.h"

#include <algorithm>
#include <array>
#include <bit>

namespace dq {
namespace {

constexpr size_t kBlock = kClassifiedBlockBytes;
constexpr size_t kBlocksAtOnce = 64;
constexpr size_t kPositionsAtOnce = 8;

// Writes the positions of the bits of `mask`, `first` being that of bit 0, and up to
// kPositionsAtOnce - 1 more, which mean nothing: most blocks have few, and a loop over them would
// be mispredicted. Returns the end.
uint32_t* PutPositions(uint32_t* out, uint64_t mask, uint32_t first) {
  const int count = std::popcount(mask);
  for (uint32_t* next = out; mask != 0;) {
    for (size_t i = 0; i < kPositionsAtOnce; ++i) {
      *next++ = first + static_cast<uint32_t>(std::countr_zero(mask));
      mask &= mask - 1;
    }
  }
  return out + count;
}

}  // namespace

StructuralIndex::StructuralIndex(const Dialect& dialect, ByteClassifier classify,
                                 size_t window_bytes)
    : classify_(classify), window_bytes_(window_bytes) {
  // A byte is structural when the bit of its high nibble is set for its low nibble.
  uint8_t next_bit = 1;
  for (const char c : {dialect.delimiter, dialect.quote, dialect.escape, '\n', '\r', '\0'}) {
    const auto byte = static_cast<uint8_t>(c);
    uint8_t& bit = tables_.high[byte >> 4];
    if (bit == 0) {
      bit = next_bit;
      next_bit = static_cast<uint8_t>(next_bit << 1);
    }
    tables_.low[byte & 0x0F] |= bit;
  }
}

void StructuralIndex::Build(const char* data, size_t size) {
  data_ = data;
  size_ = size;
  non_ascii_blocks_.resize(size / kBlock + 1);
  any_non_ascii_ = false;
  MoveTo(0);
}

bool StructuralIndex::Advance() {
  if (window_end_ == size_) return false;
  MoveTo(window_end_);
  return true;
}

void StructuralIndex::MoveTo(size_t at) {
  window_begin_ = at - at % kBlock;
  window_end_ = std::min(size_, window_begin_ + window_bytes_);
  IndexWindow();
}

void StructuralIndex::IndexWindow() {
  // Room for a run of blocks that are all structural bytes.
  constexpr size_t kRoom = kBlocksAtOnce * kBlock + kPositionsAtOnce;
  std::array<BlockMasks, kBlocksAtOnce> masks;
  size_t used = 0;
  for (size_t at = window_begin_; at < window_end_; at += kBlocksAtOnce * kBlock) {
    const size_t bytes = std::min(window_end_ - at, kBlocksAtOnce * kBlock);
    const size_t blocks = (bytes + kBlock - 1) / kBlock;
    classify_(data_ + at, tables_, std::span(masks).first(blocks));
    if (bytes % kBlock != 0) {
      const uint64_t inside = (uint64_t{1} << (bytes % kBlock)) - 1;
      masks[blocks - 1].structural &= inside;
      masks[blocks - 1].non_ascii &= inside;
    }
    if (positions_.size() < used + kRoom) positions_.resize(2 * positions_.size() + kRoom);
    uint32_t* out = positions_.data() + used;
    for (size_t i = 0; i < blocks; ++i) {
      non_ascii_blocks_[at / kBlock + i] = masks[i].non_ascii != 0;
      any_non_ascii_ |= masks[i].non_ascii != 0;
      out = PutPositions(out, masks[i].structural, static_cast<uint32_t>(at + i * kBlock));
    }
    used = static_cast<size_t>(out - positions_.data());
  }
  if (positions_.size() <= used) positions_.resize(used + kRoom);
  positions_[used] = static_cast<uint32_t>(window_end_);
  used_ = used;
}

bool StructuralIndex::MayHoldNonAscii(size_t begin, size_t end) const {
  if (!any_non_ascii_ || begin == end) return false;
  for (size_t block = begin / kBlock; block <= (end - 1) / kBlock; ++block) {
    if (non_ascii_blocks_[block] != 0) return true;
  }
  return false;
}

}  // namespace dq
