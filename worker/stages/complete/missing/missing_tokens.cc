#include "worker/stages/complete/missing/missing_tokens.h"

#include <emmintrin.h>

#include <algorithm>

#include "worker/table/values/ascii.h"
#include "worker/table/values/no_value_words.h"
#include "worker/table/values/short_text.h"

namespace dq {
namespace {

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

uint32_t SizeBit(size_t size) { return uint32_t{1} << std::min<size_t>(size, 31); }

// A text of so many bytes at most and its size as one number, in lower case.
constexpr size_t kShortTokenBytesMax = 7;
uint64_t ShortToken(std::string_view text) {
  const __m128i bytes = LowerAscii(LoadShort(text.data(), text.size()));
  return static_cast<uint64_t>(_mm_cvtsi128_si64(bytes)) | uint64_t{text.size()} << 56;
}

}  // namespace

MissingTokens::MissingTokens(Vocabulary vocabulary, const std::vector<std::string>& added,
                             const std::vector<std::string>& removed) {
  if (vocabulary == Vocabulary::kUsed) {
    for (const NoValueWord& known : NoValueWords()) {
      if (known.reach != NoValue::kPhrase) tokens_.emplace(known.word);
    }
  }
  for (const std::string& token : removed) {
    removed_.insert(AsciiLower(token));
    tokens_.erase(AsciiLower(token));
  }
  for (const std::string& token : added) {
    if (token.empty()) continue;
    tokens_.insert(AsciiLower(token));
    added_.insert(AsciiLower(token));
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
  return tokens_.contains(AsciiLower(value));
}

bool MissingTokens::IsAdded(std::string_view value) const {
  return !added_.empty() && added_.contains(AsciiLower(value));
}

bool MissingTokens::IsRemoved(std::string_view value) const {
  return !removed_.empty() && removed_.contains(AsciiLower(value));
}

}  // namespace dq
