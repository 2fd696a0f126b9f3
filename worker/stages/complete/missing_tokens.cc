#include "worker/stages/complete/missing_tokens.h"

#include <algorithm>

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

// Classes of bytes as bits.
enum : uint8_t { kLowerBit = 1, kUpperBit = 2, kOtherBit = 4, kPunctuationBit = 8 };

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 0; c < 256; ++c) {
    if (c >= 0x80 || (c >= 'a' && c <= 'z')) {
      classes[c] = kLowerBit;
    } else if (c >= 'A' && c <= 'Z') {
      classes[c] = kUpperBit;
    } else if (c <= ' ' || (c >= '0' && c <= '9')) {
      classes[c] = kOtherBit;
    } else {
      classes[c] = kPunctuationBit;
    }
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

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
  return tokens_.contains(Lower(value));
}

bool MissingTokens::IsAdded(std::string_view value) const {
  return !added_.empty() && added_.contains(Lower(value));
}

bool MissingTokens::IsRemoved(std::string_view value) const {
  return !removed_.empty() && removed_.contains(Lower(value));
}

ValueShape ShapeOf(std::string_view value) {
  uint8_t all = 0;
  uint8_t rest = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const uint8_t bits = kClasses[static_cast<uint8_t>(value[i])];
    all |= bits;
    if (i > 0) rest |= bits;
    // White space, digits, or punctuation among letters: nothing can change that.
    if (all >= kOtherBit && all != kPunctuationBit) return ValueShape::kOther;
  }
  if (all == kPunctuationBit) return ValueShape::kPunctuation;
  if (all == kLowerBit) return ValueShape::kLowerWord;
  if (all == kUpperBit) return ValueShape::kUpperWord;
  return rest == kLowerBit ? ValueShape::kTitleWord : ValueShape::kMixedWord;
}

void ShapeCounter::Add(std::string_view value) {
  Seen& seen = seen_[static_cast<size_t>(ShapeOf(value))];
  ++seen.count;
  seen.size_min = std::min(seen.size_min, value.size());
  seen.size_max = std::max(seen.size_max, value.size());
  ++total_;
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
