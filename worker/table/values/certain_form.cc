#include "worker/table/values/certain_form.h"

#include <tmmintrin.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

#include "worker/table/values/ascii.h"
#include "worker/table/values/contact_form.h"
#include "worker/table/values/short_text.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kPhoneDigitsMin = 8;
constexpr size_t kPhoneDigitsMax = 15;
constexpr size_t kDateBytes = 10;  // Of YYYY-MM-DD.
constexpr std::string_view kTrunkZero = "(0)";

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLowerLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

// A set of ASCII characters: for the lower four bits of one a bit for each of the upper three.
class CharSet {
 public:
  constexpr CharSet(std::initializer_list<std::string_view> members) {
    for (const std::string_view some : members) {
      for (const char c : some) {
        uppers_[static_cast<size_t>(c & 15)] |= static_cast<uint8_t>(1 << (c >> 4));
      }
    }
  }
  // Whether all characters of `text` are in it.
  bool HoldsAll(std::string_view text) const {
    __m128i outside = _mm_setzero_si128();
    for (size_t at = 0; at < text.size(); at += 16) {
      const size_t size = std::min<size_t>(16, text.size() - at);
      const __m128i bytes = LoadShort(text.data() + at, size);
      const __m128i behind = _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(size)), kPlaces());
      const __m128i bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
      const __m128i nibble = _mm_set1_epi8(0x0F);
      const __m128i uppers =
          _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(uppers_.data())),
                           _mm_and_si128(bytes, nibble));
      const __m128i upper = _mm_shuffle_epi8(bits, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
      const __m128i none = _mm_cmpeq_epi8(_mm_and_si128(uppers, upper), _mm_setzero_si128());
      outside = _mm_or_si128(outside, _mm_and_si128(none, behind));
    }
    return _mm_movemask_epi8(outside) == 0;
  }

 private:
  static __m128i kPlaces() {
    return _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }

  std::array<uint8_t, 16> uppers_{};
};

constexpr CharSet kLetters = {kLowerLetters, kUpperLetters};
constexpr CharSet kDomain = {kLowerLetters, kUpperLetters, kDigits, ".-"};
constexpr CharSet kLocal = {kLowerLetters, kUpperLetters, kDigits, ".-!#$%&*+/=?^_{|}~'"};

// A name with a point in it that ends in letters.
bool IsDomain(std::string_view text) {
  const size_t point = text.rfind('.');
  if (point == std::string_view::npos || point == 0 || text.size() - point < 3) return false;
  return kDomain.HoldsAll(text) && kLetters.HoldsAll(text.substr(point + 1));
}

char* WriteEmail(char* out, std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || !kLocal.HoldsAll(text.substr(0, at)) ||
      !IsDomain(text.substr(at + 1))) {
    return nullptr;
  }
  for (size_t i = 0; i < text.size(); i += 16) {
    StoreShort(out + i,
               LowerAscii(LoadShort(text.data() + i, std::min<size_t>(16, text.size() - i))));
  }
  return out + text.size();
}

char* WriteUrl(char* out, std::string_view text) {
  if (!MayBeUrlForm(text) || !IsUrl(text)) return nullptr;
  const size_t scheme = text.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t end = std::min(text.find_first_of("/?#", begin), text.size());
  // What stands before an @ are a user's name and password.
  const size_t at = text.substr(0, end).rfind('@');
  const size_t host = at == std::string_view::npos ? begin : at + 1;
  const auto lower = [](char c) { return IsUpper(c) ? static_cast<char>(c | 0x20) : c; };
  out = std::transform(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), out, lower);
  out = std::copy(text.begin() + static_cast<ptrdiff_t>(begin),
                  text.begin() + static_cast<ptrdiff_t>(host), out);
  out = std::transform(text.begin() + static_cast<ptrdiff_t>(host),
                       text.begin() + static_cast<ptrdiff_t>(end), out, lower);
  return std::copy(text.begin() + static_cast<ptrdiff_t>(end), text.end(), out);
}

// A slash is none of its marks: what follows it is often another number.
char* WritePhone(char* out, std::string_view text) {
  if (text.size() < 2 || text[0] != '+' || text[1] < '1' || text[1] > '9') return nullptr;
  std::array<char, kPhoneDigitsMax> digits;
  size_t count = 0;
  bool trunk = false;
  bool point = false;
  for (size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (IsDigit(c)) {
      if (count == digits.size()) return nullptr;
      digits[count++] = c;
    } else if (c == '(' && !trunk && text.substr(at).starts_with(kTrunkZero)) {
      trunk = true;
      at += kTrunkZero.size() - 1;
    } else if (c == '.') {
      point = true;
    } else if (c != ' ' && c != '-' && c != '(' && c != ')') {
      return nullptr;
    }
  }
  if (count < kPhoneDigitsMin) return nullptr;
  if (point && TypeOf(text) == ValueType::kDecimal) return nullptr;
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
  char* const end = CopyShort(out, text.data(), text.size());
  out[4] = out[7] = '-';
  if (text.size() == kDateBytes) return end;
  out[kDateBytes] = ' ';
  if (text.back() == 'Z') end[-1] = 'z';
  return end;
}

}  // namespace

char* WriteCertainForm(char* out, std::string_view text) {
  if (text.empty()) return nullptr;
  char* end = nullptr;
  if (text[0] == '+') end = WritePhone(out, text);
  if (IsDigit(text[0])) end = WriteDate(out, text);
  if (end == nullptr) end = WriteEmail(out, text);
  return end != nullptr ? end : WriteUrl(out, text);
}

}  // namespace dq
