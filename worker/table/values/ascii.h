// Digits and letters of ASCII, whatever the locale, and what texts hold of them. Stateless;
// thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace dq {

constexpr bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || IsUpper(c); }
// A letter, or a byte of any character beyond ASCII.
constexpr bool IsLetterOrBeyond(char c) { return IsLetter(c) || (c & 0x80) != 0; }

inline bool HasDigit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), IsDigit);
}
inline size_t CountDigits(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), IsDigit));
}

// Returns `text` in lower case, letters of ASCII alone.
inline std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (IsUpper(c)) c = static_cast<char>(c | 0x20);
  }
  return lower;
}

}  // namespace dq
