#include "worker/table/bytes/utf8.h"

#include <emmintrin.h>

#include <cstring>

namespace dq {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

uint8_t ByteAt(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

// Length of the well-formed sequence at `at`; 0 when there is none.
size_t SequenceSize(std::string_view text, size_t at) {
  const uint8_t lead = ByteAt(text, at);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + size > text.size()) return 0;
  const uint8_t second = ByteAt(text, at + 1);
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((ByteAt(text, at + i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

size_t FindInvalidUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (at + 16 <= text.size()) {
      const auto* const bytes = reinterpret_cast<const __m128i*>(text.data() + at);
      if (_mm_movemask_epi8(_mm_loadu_si128(bytes)) == 0) {
        at += 16;
        continue;
      }
    }
    if (at + 8 <= text.size()) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & kHighBits) == 0) {
        at += 8;
        continue;
      }
    }
    const size_t size = SequenceSize(text, at);
    if (size == 0) return at;
    at += size;
  }
  return std::string_view::npos;
}

bool IsAscii(std::string_view text) {
  uint64_t bits = 0;
  for (; text.size() >= sizeof(bits); text.remove_prefix(sizeof(bits))) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    bits |= word;
  }
  for (const char c : text) bits |= static_cast<unsigned char>(c);
  return (bits & kHighBits) == 0;
}

CodePoint DecodeUtf8(std::string_view text) {
  const uint32_t lead = ByteAt(text, 0);
  const auto next = [text](size_t at) { return uint32_t{ByteAt(text, at)} & 0x3F; };
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | next(1), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | next(1) << 6 | next(2), 3};
  return {(lead & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4};
}

}  // namespace dq
