#include "worker/stages/complete/missing/text_placeholders.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "worker/table/values/ascii.h"
#include "worker/table/values/no_value_words.h"

namespace dq {
namespace {

constexpr size_t kCodesMin = 15;     // Different values by which codes are known as such.
constexpr size_t kWordsMax = 2;      // Different words among codes that are no data.
constexpr int64_t kRowsAWord = 200;  // A rarer word among codes is a mistake.
constexpr size_t kWordBytesMax = 24;
constexpr size_t kAbbreviationBytesMax = 4;
// In more than one of so many cells an abbreviation is part of what the column says: without it
// too few of the values would be numbers to call it a column of numbers.
constexpr int64_t kCategoryCells = 20;
constexpr size_t kPatternsMax = 3;
constexpr size_t kNameLettersMin = 3;
constexpr size_t kPatternBytesMax = 32;
constexpr size_t kRepeatedMin = 4;  // Letters or marks of a text of one alone.
constexpr size_t kPlaceholderDigitsMin = 5;

bool IsPhrase(std::string_view lower) {
  const NoValueWord* const word = FindNoValueWord(lower);
  return word != nullptr && word->reach == NoValue::kPhrase;
}

// "xxxx", "----", "????": one character, no digit, again and again.
bool IsOneCharacter(std::string_view text) {
  return text.size() >= kRepeatedMin && !IsDigit(text[0]) &&
         static_cast<unsigned char>(text[0]) < 0x80 &&
         text.find_first_not_of(text[0]) == std::string_view::npos;
}

// A value with its digits as one 9 and its letters as one a: "12-B" is "9-a".
std::string PatternOf(std::string_view value) {
  std::string pattern;
  for (const char c : value) {
    const char kind = IsDigit(c) ? '9' : IsLetterOrBeyond(c) ? 'a' : c;
    if (!pattern.empty() && kind == pattern.back() && kind != c) continue;
    if (!pattern.empty() && kind == pattern.back() && (kind == '9' || kind == 'a')) continue;
    pattern += kind;
    if (pattern.size() == kPatternBytesMax) break;
  }
  return pattern;
}

// Whether nearly all of the values follow a few patterns; numbers count as one.
bool FollowFewPatterns(std::span<const ValueTally> values) {
  std::map<std::string, size_t> seen;
  for (const ValueTally& tally : values) {
    std::string pattern = PatternOf(tally.value);
    if (pattern == "-9" || pattern == "9.9" || pattern == "-9.9" || pattern == ".9") pattern = "9";
    ++seen[pattern];
  }
  std::vector<size_t> counts;
  for (const auto& [pattern, count] : seen) counts.push_back(count);
  std::sort(counts.rbegin(), counts.rend());
  size_t covered = 0;
  for (size_t i = 0; i < std::min(kPatternsMax, counts.size()); ++i) covered += counts[i];
  return covered * 10 >= values.size() * 9;
}

// Whether a word of several parts is a code but for letters where that has digits ("x patients").
bool IsMisspeltCode(std::string_view word, std::span<const ValueTally> codes) {
  if (std::all_of(word.begin(), word.end(), IsLetterOrBeyond)) return false;
  const std::string pattern = PatternOf(word);
  return std::any_of(codes.begin(), codes.end(), [&](const ValueTally& tally) {
    std::string text(tally.value);
    std::replace_if(text.begin(), text.end(), IsDigit, 'x');
    return PatternOf(text) == pattern;
  });
}

// Whether a code is a name with a number ("Store 12"): then a name without one is no surprise.
bool IsNumberedName(std::string_view code) {
  if (code.find(' ') == std::string_view::npos) return false;
  size_t letters = 0;
  bool lower = false;
  for (const char c : code) {
    letters = IsLetterOrBeyond(c) ? letters + 1 : 0;
    lower = letters > 0 && (lower || (c >= 'a' && c <= 'z'));
    if (letters >= kNameLettersMin && lower) return true;
  }
  return false;
}

// Capitals alone, a few of them, stand for something that has a name (DNF, G).
bool IsAbbreviation(std::string_view word) {
  return word.size() <= kAbbreviationBytesMax && std::all_of(word.begin(), word.end(), IsUpper);
}

std::string DigitsOf(std::string_view value) {
  std::string digits;
  std::copy_if(value.begin(), value.end(), std::back_inserter(digits), IsDigit);
  return digits;
}

bool IsPlaceholder(std::string_view value) {
  static constexpr std::array<std::string_view, 6> kDates = {
      "01/01/1900", "1/1/1900", "12/31/9999", "31/12/9999", "1/1/0001", "01/01/0001"};
  if (std::find(kDates.begin(), kDates.end(), value) != kDates.end()) return true;
  if (std::any_of(value.begin(), value.end(), IsLetterOrBeyond)) return false;
  const std::string digits = DigitsOf(value);
  if (digits.size() < kPlaceholderDigitsMin) return false;
  const bool alike = digits.find_first_not_of(digits[0]) == std::string::npos;
  if (alike && (digits[0] == '0' || digits[0] == '9' || digits.size() >= 7)) return true;
  return digits == "123456789" || digits == "1234567890" || digits == "0123456789";
}

std::string Times(int64_t count) { return std::to_string(count) + " times"; }

}  // namespace

std::vector<Disguise> FindPhrases(std::span<const ValueTally> values) {
  std::vector<Disguise> found;
  if (values.size() < 2) return found;
  for (const ValueTally& tally : values) {
    if (tally.value.size() > kWordBytesMax || HasDigit(tally.value)) continue;
    if (!IsOneCharacter(tally.value) && !IsPhrase(AsciiLower(tally.value))) continue;
    found.push_back({std::string(tally.value), DisguiseKind::kPhrase,
                     "says that there is no value, " + Times(tally.count), 0.95});
  }
  return found;
}

WordsAmongCodes FindWordsAmongCodes(std::span<const ValueTally> values) {
  std::vector<ValueTally> codes;
  std::vector<ValueTally> words;
  for (const ValueTally& tally : values) {
    (HasDigit(tally.value) ? codes : words).push_back(tally);
  }
  if (words.empty() || words.size() > kWordsMax || codes.size() < kCodesMin) return {};
  if (!FollowFewPatterns(codes)) return {};
  const auto names = std::count_if(codes.begin(), codes.end(), [](const ValueTally& tally) {
    return IsNumberedName(tally.value);
  });
  if (2 * static_cast<size_t>(names) >= codes.size()) return {};
  int64_t rows = 0;
  for (const ValueTally& tally : values) rows += tally.count;
  WordsAmongCodes found;
  for (const ValueTally& tally : words) {
    if (tally.count < 2 || tally.count * kRowsAWord < rows || tally.value.size() > kWordBytesMax)
      continue;
    if (IsMisspeltCode(tally.value, codes)) continue;
    if (IsAbbreviation(tally.value) && tally.count * kCategoryCells > rows) {
      found.categories.emplace_back(tally.value);
      continue;
    }
    found.missing.push_back({std::string(tally.value), DisguiseKind::kOutOfDomain,
                             "is no number or code as the other " + std::to_string(codes.size()) +
                                 " different values are, " + Times(tally.count),
                             0.95});
  }
  return found;
}

std::vector<Disguise> FindPlaceholderCodes(std::span<const ValueTally> values) {
  std::map<size_t, size_t> lengths;
  for (const ValueTally& tally : values) ++lengths[CountDigits(tally.value)];
  const auto usual =
      std::max_element(lengths.begin(), lengths.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (values.size() < kCodesMin || usual->second * 10 < values.size() * 8) return {};
  const int64_t usual_count = MiddleCount(values);
  std::vector<Disguise> found;
  for (const ValueTally& tally : values) {
    if (tally.count < 2 || !IsPlaceholder(tally.value)) continue;
    if (tally.count < 2 * usual_count && DigitsOf(tally.value)[0] != '0') continue;
    found.push_back({std::string(tally.value), DisguiseKind::kPlaceholder,
                     "is a code of no meaning, " + Times(tally.count), 0.95});
  }
  return found;
}

}  // namespace dq
