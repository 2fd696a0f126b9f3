// UTF-8: checking and decoding. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dq {

// Returns the position of the first byte that is not part of well-formed UTF-8 (no overlong forms,
// no surrogates, nothing above U+10FFFF); npos when all is well.
size_t FindInvalidUtf8(std::string_view text);

// Whether no byte is above 0x7F.
bool IsAscii(std::string_view text);

// One code point and its length in bytes.
struct CodePoint {
  char32_t value = 0;
  size_t size = 1;
};

// Decodes the code point at the start of `text`, which is not empty and well-formed.
CodePoint DecodeUtf8(std::string_view text);

}  // namespace dq
