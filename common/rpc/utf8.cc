#include "common/rpc/utf8.h"

#include <cstdint>

namespace dq {
namespace {

constexpr uint32_t kSmallestOfLength[] = {0, 0, 0x80, 0x800, 0x10000};

size_t LengthByFirstByte(unsigned char first) {
  if (first < 0x80) return 1;
  if ((first & 0xE0) == 0xC0) return 2;
  if ((first & 0xF0) == 0xE0) return 3;
  if ((first & 0xF8) == 0xF0) return 4;
  return 0;
}

// Returns the length of the well-formed sequence at the start of `bytes`; 0 when there is none.
size_t SequenceLength(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const size_t length = LengthByFirstByte(first);
  if (length <= 1) return length;
  if (bytes.size() < length) return 0;
  uint32_t code = first & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(bytes[i]);
    if ((next & 0xC0) != 0x80) return 0;
    code = (code << 6) | (next & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kSmallestOfLength[length] || code > 0x10FFFF || surrogate ? 0 : length;
}

}  // namespace

std::string ValidUtf8(std::string_view bytes, size_t bytes_max) {
  std::string out;
  out.reserve(bytes.size() < bytes_max ? bytes.size() : bytes_max);
  while (!bytes.empty()) {
    const size_t length = SequenceLength(bytes);
    const std::string_view next = length == 0 ? std::string_view("?") : bytes.substr(0, length);
    if (out.size() + next.size() > bytes_max) break;
    out += next;
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

bool IsValidUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace dq
