#include "worker/stages/complete/missing/missing_tokens.h"

#include <emmintrin.h>

#include <algorithm>

#include "worker/table/values/short_text.h"

namespace dq {
namespace {

constexpr std::string_view kVocabulary[] = {
    "null", "\\n", "na", "n/a",     "#n/a", "nan",     "nil", "none", "-",      "--",      "?",
    "??",   ".",   "..", "unknown", "unk",  "missing", "tbd", "void", "#null!", "(blank)", "empty"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return Lower(c); });
  return lower;
}

uint32_t SizeBit(size_t size) { return uint32_t{1} << std::min<size_t>(size, 31); }

// A text of so many bytes at most and its size as one number, in lower case.
constexpr size_t kShortTokenBytesMax = 7;
uint64_t ShortToken(std::string_view text) {
  const __m128i bytes = LowerAscii(LoadShort(text.data(), text.size()));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(bytes)) | uint64_t{text.size()} << 56;
}

unsigned MaskOf(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

// All ones where a byte lies between `first` and `first` + `count` - 1; all of these are ASCII.
__m128i IsAmong(__m128i bytes, char first, char count) {
  const auto shift = static_cast<char>(128 - count - first);
  return _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(shift)),
                        _mm_set1_epi8(static_cast<char>(127 - count)));
}

}  // namespace

MissingTokens::MissingTokens(Vocabulary vocabulary, const std::vector<std::string>& added,
                             const std::vector<std::string>& removed) {
  if (vocabulary == Vocabulary::kUsed) {
    tokens_.insert(std::begin(kVocabulary), std::end(kVocabulary));
  }
  for (const std::string& token : removed) {
    removed_.insert(Lower(token));
    tokens_.erase(Lower(token));
  }
  for (const std::string& token : added) {
    if (token.empty()) continue;
    tokens_.insert(Lower(token));
    added_.insert(Lower(token));
  }
  for (const std::string& token : tokens_) {
    size_max_ = std::max(size_max_, token.size());
    if (token.size() <= kShortTokenBytesMax) short_tokens_.insert(ShortToken(token));
    for (const char first : {token[0], Upper(token[0])}) {
      first_bytes_.set(static_cast<uint8_t>(first));
      sizes_by_first_byte_[static_cast<uint8_t>(first)] |= SizeBit(token.size());
    }
  }
}

bool MissingTokens::LookUp(std::string_view value) const {
  if ((sizes_by_first_byte_[static_cast<uint8_t>(value[0])] & SizeBit(value.size())) == 0) {
    return false;
  }
  if (value.size() <= kShortTokenBytesMax) return short_tokens_.contains(ShortToken(value));
  return tokens_.contains(Lower(value));
}

bool MissingTokens::IsAdded(std::string_view value) const {
  return !added_.empty() && added_.contains(Lower(value));
}

bool MissingTokens::IsRemoved(std::string_view value) const {
  return !removed_.empty() && removed_.contains(Lower(value));
}

ValueShape ShapeOf(std::string_view value) {
  bool lower = false;
  bool upper = false;  // Behind the first byte.
  bool punctuation = false;
  for (size_t at = 0; at < value.size(); at += 16) {
    const size_t size = std::min<size_t>(16, value.size() - at);
    const unsigned all = (1U << size) - 1;
    const __m128i bytes = LoadShort(value.data() + at, size);
    // White space, digits, or punctuation among letters: nothing can change that.
    const __m128i other = _mm_or_si128(IsAmong(bytes, '\0', ' ' + 1), IsAmong(bytes, '0', 10));
    if ((MaskOf(other) & all) != 0) return ValueShape::kOther;
    const unsigned lower_letters = MaskOf(_mm_or_si128(IsAmong(bytes, 'a', 26), bytes)) & all;
    const unsigned upper_letters = MaskOf(IsAmong(bytes, 'A', 26)) & all;
    const unsigned letters = lower_letters | upper_letters;
    lower |= lower_letters != 0;
    upper |= (at == 0 ? upper_letters & ~1U : upper_letters) != 0;
    punctuation |= letters != all;
    if (punctuation && (letters != 0 || lower || upper)) return ValueShape::kOther;
  }
  if (punctuation) return ValueShape::kPunctuation;
  const bool title = value[0] >= 'A' && value[0] <= 'Z';
  if (!title && !upper) return ValueShape::kLowerWord;
  if (title && !lower) return ValueShape::kUpperWord;
  return title && !upper ? ValueShape::kTitleWord : ValueShape::kMixedWord;
}

void ShapeCounter::Note(ValueShape shape, std::string_view value) {
  Seen& seen = seen_[static_cast<size_t>(shape)];
  ++seen.count;
  seen.size_min = std::min(seen.size_min, value.size());
  seen.size_max = std::max(seen.size_max, value.size());
}

bool ShapeCounter::CouldHold(std::string_view token) const {
  const ValueShape shape = ShapeOf(token);
  if (shape == ValueShape::kOther) return false;
  if (total_ == 0) return shape != ValueShape::kPunctuation;
  const Seen& seen = seen_[static_cast<size_t>(shape)];
  return seen.count > 0 && 20 * seen.count >= total_ && token.size() >= seen.size_min &&
         token.size() <= seen.size_max;
}

}  // namespace dq
