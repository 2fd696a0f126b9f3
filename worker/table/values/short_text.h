// Loads and copies short texts without a loop: cells are short, and a call of memcpy costs more
// than copying them. Bytes beyond an end may be read, never where that could be another page, and
// never count. Stateless.
#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dq {

// So much room a destination needs behind what is copied to it.
inline constexpr size_t kCopySlackBytes = 16;

// Sanitizers do not see that bytes read beyond an end are thrown away. Compilers tell of them in
// two ways.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DQ_IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(DQ_IS_SANITIZED)
inline constexpr bool kReadsBeyond = false;
#else
inline constexpr bool kReadsBeyond = true;
#endif
inline constexpr uintptr_t kPageBytes = 4096;  // The smallest there are.

// 16 bytes from place 16 - n on keep the first n of 16.
alignas(32) inline constexpr uint8_t kFirstBytes[32] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0};

// Loads `size` bytes, 16 at most; those behind are 0. Sizes of cells cannot be predicted, so there
// is no branch by size but for the last bytes of a page.
inline __m128i LoadShort(const char* text, size_t size) {
  if (kReadsBeyond) {
    if (size == 0) text = reinterpret_cast<const char*>(kFirstBytes);
    if ((reinterpret_cast<uintptr_t>(text) & (kPageBytes - 1)) <= kPageBytes - 16) [[likely]] {
      const auto* const keep = reinterpret_cast<const __m128i*>(kFirstBytes + 16 - size);
      return _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)),
                           _mm_loadu_si128(keep));
    }
  }
  if (size == 16) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  uint64_t low = 0;
  uint64_t high = 0;
  if (size >= 8) {
    std::memcpy(&low, text, 8);
    if (size > 8) {
      std::memcpy(&high, text + size - 8, 8);
      high >>= 8 * (16 - size);
    }
  } else if (size >= 4) {
    uint32_t begin = 0;
    uint32_t end = 0;
    std::memcpy(&begin, text, 4);
    std::memcpy(&end, text + size - 4, 4);
    low = uint64_t{begin} | uint64_t{end} << (8 * (size - 4));
  } else if (size > 0) {
    const auto byte = [text](size_t at) { return uint64_t{static_cast<uint8_t>(text[at])}; };
    low = byte(0) | byte(size / 2) << (8 * (size / 2)) | byte(size - 1) << (8 * (size - 1));
  }
  return _mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
}

inline void StoreShort(char* out, __m128i bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
}

// All ones where a byte lies between `first` and `first` + 25.
inline __m128i IsAmong26(__m128i bytes, char first) {
  const auto shift = static_cast<char>(127 - 25 - first);
  return _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(shift)), _mm_set1_epi8(127 - 26));
}

// ASCII letters in lower case, other bytes as they are.
inline __m128i LowerAscii(__m128i bytes) {
  return _mm_or_si128(bytes, _mm_and_si128(IsAmong26(bytes, 'A'), _mm_set1_epi8(0x20)));
}

// Copies `size` bytes, few as a rule, and returns the end of the copy. Writes up to kCopySlackBytes
// behind it.
inline char* CopyShort(char* out, const char* text, size_t size) {
  size_t at = 0;
  for (; size - at > 16; at += 16) StoreShort(out + at, LoadShort(text + at, 16));
  StoreShort(out + at, LoadShort(text + at, size - at));
  return out + size;
}

}  // namespace dq
