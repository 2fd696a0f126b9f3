#include "worker/table/structural_index.h"

#include <emmintrin.h>
#include <tmmintrin.h>

#include <bit>

namespace dq {
namespace {

constexpr size_t kBlock = 64;

struct BlockMasks {
  uint64_t structural;
  uint64_t non_ascii;
};

uint64_t Join(int a, int b, int c, int d) {
  return uint64_t{static_cast<uint16_t>(a)} | uint64_t{static_cast<uint16_t>(b)} << 16 |
         uint64_t{static_cast<uint16_t>(c)} << 32 | uint64_t{static_cast<uint16_t>(d)} << 48;
}

inline int Classify(__m128i bytes, __m128i low, __m128i high) {
  const __m128i nibble = _mm_set1_epi8(0x0F);
  const __m128i by_low = _mm_shuffle_epi8(low, _mm_and_si128(bytes, nibble));
  const __m128i by_high = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
  const __m128i none = _mm_cmpeq_epi8(_mm_and_si128(by_low, by_high), _mm_setzero_si128());
  return ~_mm_movemask_epi8(none);
}

inline BlockMasks MaskBlock(const char* data, __m128i low, __m128i high) {
  const auto* lanes = reinterpret_cast<const __m128i*>(data);
  const __m128i a = _mm_loadu_si128(lanes);
  const __m128i b = _mm_loadu_si128(lanes + 1);
  const __m128i c = _mm_loadu_si128(lanes + 2);
  const __m128i d = _mm_loadu_si128(lanes + 3);
  return {
      Join(Classify(a, low, high), Classify(b, low, high), Classify(c, low, high),
           Classify(d, low, high)),
      Join(_mm_movemask_epi8(a), _mm_movemask_epi8(b), _mm_movemask_epi8(c), _mm_movemask_epi8(d))};
}

}  // namespace

StructuralIndex::StructuralIndex(const Dialect& dialect) {
  // A byte is structural when the bit of its high nibble is set for its low nibble.
  uint8_t next_bit = 1;
  for (const char c : {dialect.delimiter, dialect.quote, dialect.escape, '\n', '\r', '\0'}) {
    const auto byte = static_cast<uint8_t>(c);
    uint8_t& bit = high_[byte >> 4];
    if (bit == 0) {
      bit = next_bit;
      next_bit = static_cast<uint8_t>(next_bit << 1);
    }
    low_[byte & 0x0F] |= bit;
  }
}

void StructuralIndex::Build(const char* data, size_t size) {
  if (positions_.size() < 4 * kBlock) positions_.resize(4 * kBlock);
  non_ascii_blocks_.resize(size / kBlock + 1);
  any_non_ascii_ = false;
  const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(low_));
  const __m128i high = _mm_load_si128(reinterpret_cast<const __m128i*>(high_));
  uint32_t* out = positions_.data();
  const uint32_t* full = out + positions_.size() - kBlock;
  for (size_t at = 0; at < size; at += kBlock) {
    BlockMasks masks = MaskBlock(data + at, low, high);
    if (size - at < kBlock) {
      const uint64_t inside = (uint64_t{1} << (size - at)) - 1;
      masks.structural &= inside;
      masks.non_ascii &= inside;
    }
    non_ascii_blocks_[at / kBlock] = masks.non_ascii != 0;
    any_non_ascii_ |= masks.non_ascii != 0;
    if (out >= full) {
      const size_t used = static_cast<size_t>(out - positions_.data());
      positions_.resize(positions_.size() * 2);
      out = positions_.data() + used;
      full = positions_.data() + positions_.size() - kBlock;
    }
    for (uint64_t rest = masks.structural; rest != 0; rest &= rest - 1) {
      *out++ = static_cast<uint32_t>(at) + static_cast<uint32_t>(std::countr_zero(rest));
    }
  }
  *out = static_cast<uint32_t>(size);
}

bool StructuralIndex::MayHoldNonAscii(size_t begin, size_t end) const {
  if (!any_non_ascii_ || begin == end) return false;
  for (size_t block = begin / kBlock; block <= (end - 1) / kBlock; ++block) {
    if (non_ascii_blocks_[block] != 0) return true;
  }
  return false;
}

}  // namespace dq
