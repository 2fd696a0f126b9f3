#include "worker/table/values/certain_form.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kPhoneDigitsMin = 8;
constexpr size_t kPhoneDigitsMax = 15;
constexpr size_t kDateBytes = 10;  // Of YYYY-MM-DD.
constexpr std::string_view kTrunkZero = "(0)";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What a character may be of an address.
enum AddressPart : uint8_t { kLocal = 1, kDomain = 2, kLetter = 4 };

constexpr auto kAddressParts = [] {
  std::array<uint8_t, 256> parts{};
  for (const char c : std::string_view("!#$%&*+/=?^_{|}~'")) {
    parts[static_cast<uint8_t>(c)] = kLocal;
  }
  for (const char c : std::string_view(".-0123456789")) {
    parts[static_cast<uint8_t>(c)] = kLocal | kDomain;
  }
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz")) {
    parts[static_cast<uint8_t>(c)] = kLocal | kDomain | kLetter;
    parts[static_cast<uint8_t>(c ^ 0x20)] = kLocal | kDomain | kLetter;
  }
  return parts;
}();

// Whether all characters of `text` may be such a part.
bool IsAll(std::string_view text, AddressPart part) {
  uint8_t common = part;
  for (const char c : text) common &= kAddressParts[static_cast<uint8_t>(c)];
  return common != 0;
}

// A name with a point in it that ends in letters.
bool IsDomain(std::string_view text) {
  const size_t point = text.rfind('.');
  if (point == std::string_view::npos || point == 0 || text.size() - point < 3) return false;
  return IsAll(text, kDomain) && IsAll(text.substr(point + 1), kLetter);
}

char* WriteEmail(char* out, std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || !IsAll(text.substr(0, at), kLocal) ||
      !IsDomain(text.substr(at + 1))) {
    return nullptr;
  }
  return std::transform(text.begin(), text.end(), out, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
}

// A slash is none of its marks: what follows it is often another number.
char* WritePhone(char* out, std::string_view text) {
  if (text[0] != '+' || text.size() < 2 || text[1] < '1' || !IsDigit(text[1])) return nullptr;
  if (TypeOf(text) == ValueType::kDecimal) return nullptr;
  std::array<char, kPhoneDigitsMax> digits;
  size_t count = 0;
  bool trunk = false;
  for (size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (!trunk && text.substr(at).starts_with(kTrunkZero)) {
      trunk = true;
      at += kTrunkZero.size() - 1;
    } else if (IsDigit(c)) {
      if (count == digits.size()) return nullptr;
      digits[count++] = c;
    } else if (std::string_view(" -().").find(c) == std::string_view::npos) {
      return nullptr;
    }
  }
  if (count < kPhoneDigitsMin) return nullptr;
  *out++ = '+';
  return std::copy_n(digits.begin(), count, out);
}

char* WriteDate(char* out, std::string_view text) {
  if (text.size() < kDateBytes || TypeOf(text) != ValueType::kDate) return nullptr;
  if (text[2] == '.') {
    if (text.substr(0, 2) <= "12") return nullptr;
    const std::string_view day = text.substr(0, 2);
    const std::string_view month = text.substr(3, 2);
    out = std::copy_n(text.begin() + 6, 4, out);
    for (const std::string_view part : {month, day}) {
      *out++ = '-';
      out = std::copy(part.begin(), part.end(), out);
    }
    return out;
  }
  for (size_t at = 0; at < text.size(); ++at) {
    const bool mark = at == 4 || at == 7;
    const char c = text[at];
    *out++ = mark ? '-' : at == kDateBytes ? ' ' : c == 'Z' ? 'z' : c;
  }
  return out;
}

}  // namespace

char* WriteCertainForm(char* out, std::string_view text) {
  if (text.empty()) return nullptr;
  char* end = nullptr;
  if (text[0] == '+') end = WritePhone(out, text);
  if (IsDigit(text[0])) end = WriteDate(out, text);
  return end != nullptr ? end : WriteEmail(out, text);
}

}  // namespace dq
