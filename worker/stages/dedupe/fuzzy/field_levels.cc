#include "worker/stages/dedupe/fuzzy/field_levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "worker/stages/dedupe/fuzzy/comparators.h"
#include "worker/stages/dedupe/fuzzy/text_words.h"
#include "worker/table/values/ascii.h"

namespace dq {
namespace {

constexpr size_t kNameLevels = 5;
constexpr double kNameAlikeMin = 0.70;
constexpr std::array kCosines = {0.9,  0.8, 0.7,  0.6, 0.5,  0.45, 0.4,
                                 0.35, 0.3, 0.25, 0.2, 0.15, 0.1};
constexpr std::array kShares = {0.9, 0.75, 0.6, 0.45, 0.25};
constexpr size_t kPhraseLevels = kShares.size() + 2;
constexpr std::array kStreetShares = {0.85, 0.55, 0.25};  // In the same house.
constexpr double kStreetShareMin = 0.85;                  // In another house.
constexpr double kStreetShareLow = 0.55;
constexpr size_t kAddressLevels = kStreetShares.size() + 4;
constexpr size_t kTextLevels = kCosines.size() + 2;  // Equality before, disagreement behind.
constexpr size_t kCodeLevels = 4;
constexpr size_t kNumberLevels = 6;
constexpr std::array kStandings = {1.4, 1.15, 1.0, 0.85};
constexpr size_t kDateLevels = 5;

std::string SortedWords(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view word : TextWords(text)) words.push_back(word);
  std::sort(words.begin(), words.end());
  std::string out;
  for (const std::string_view word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

// Letters in the text that has fewer.
size_t FewerLetters(std::string_view a, std::string_view b) {
  return std::min(LetterCount(a), LetterCount(b));
}

bool HasWords(std::string_view text) { return text.find(' ') != std::string_view::npos; }

uint32_t NameLevel(double similarity) {
  if (IsAtLeast(similarity, 0.92)) return 1;
  if (IsAtLeast(similarity, 0.88)) return 2;
  return IsAtLeast(similarity, kNameAlikeMin) ? 3 : 4;
}

bool IsDay(std::string_view text) {
  return text.size() == 8 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The level of a similarity, where level 1 begins at the first of `bounds`.
uint32_t LevelOfShare(std::span<const double> bounds, double share) {
  uint32_t level = 1;
  for (const double least : bounds) {
    if (share >= least) break;
    ++level;
  }
  return level;
}

// The same, between the levels: a whole number in the middle of a level.
double PlaceOfShare(std::span<const double> bounds, double share) {
  const uint32_t level = LevelOfShare(bounds, share);
  const double above = level == 1 ? 1 : bounds[level - 2];
  const double below = level > bounds.size() ? 0 : bounds[level - 1];
  return level + 0.5 - (share - below) / (above - below);
}

}  // namespace

size_t LevelsOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kIgnored:
      return 0;
    case FieldKind::kName:
    case FieldKind::kEmail:
      return kNameLevels;
    case FieldKind::kPhrase:
      return kPhraseLevels;
    case FieldKind::kAddress:
      return kAddressLevels;
    case FieldKind::kText:
      return kTextLevels;
    case FieldKind::kCode:
    case FieldKind::kPhone:
      return kCodeLevels;
    case FieldKind::kNumber:
      return kNumberLevels;
    case FieldKind::kStanding:
      return kStandings.size() + 1;
    case FieldKind::kDate:
      return kDateLevels;
  }
  return 0;
}

bool IsSame(FieldKind kind, uint32_t level) {
  switch (kind) {
    case FieldKind::kName:
    case FieldKind::kPhrase:
    case FieldKind::kAddress:
    case FieldKind::kEmail:
      return level <= 1;
    case FieldKind::kText:
      return level <= 2;
    case FieldKind::kIgnored:
    case FieldKind::kCode:
    case FieldKind::kNumber:
    case FieldKind::kDate:
    case FieldKind::kPhone:
    case FieldKind::kStanding:
      break;
  }
  return level == 0;  // Neighbours in a series are one key apart.
}

bool IsFar(FieldKind kind, uint32_t level) {
  if (level == kLevelUnknown) return false;
  switch (kind) {
    case FieldKind::kIgnored:
    case FieldKind::kStanding:
      return false;
    case FieldKind::kDate:
      return level >= 2;
    case FieldKind::kName:
    case FieldKind::kEmail:
    case FieldKind::kCode:
    case FieldKind::kNumber:
    case FieldKind::kPhone:
      return level >= 3;
    case FieldKind::kAddress:
      return level > kStreetShares.size();
    case FieldKind::kPhrase:
      return level > 4;
    case FieldKind::kText:
      return level > 7;
  }
  return false;
}

uint32_t CompareNames(std::string_view a, LetterBag letters_a, std::string_view b,
                      LetterBag letters_b) {
  if (!IsAtLeast(JaroWinklerMost(a, letters_a, b, letters_b), kNameAlikeMin)) {
    return kNameLevels - 1;
  }
  uint32_t level = NameLevel(JaroWinkler(a, b));
  if (level > 1 && FewerLetters(a, b) >= 4 && EditDistance(a, b, 1) <= 1) level = 1;
  if (level > 1 && HasWords(a) && HasWords(b)) {
    level = std::min(level, NameLevel(JaroWinkler(SortedWords(a), SortedWords(b))));
  }
  return level;
}

uint32_t ComparePhrases(std::string_view a, std::string_view b, double share) {
  const uint32_t level = LevelOfShare(kShares, share);
  if (level <= 2 || HasDigit(a) || HasDigit(b)) return level;  // 54th is not 46th.
  return IsAtLeast(JaroWinkler(a, b), 0.92) ? 2 : level;
}

uint32_t CompareTexts(double cosine) { return LevelOfShare(kCosines, cosine); }

double PlaceOfPhrase(double share) { return PlaceOfShare(kShares, share); }

double PlaceOfText(double cosine) { return PlaceOfShare(kCosines, cosine); }

uint32_t CompareStandings(double standing) {
  uint32_t level = 0;
  for (const double least : kStandings) {
    if (standing >= least) break;
    ++level;
  }
  return level;
}

uint32_t CompareCodes(std::string_view a, std::string_view b) {
  const int edits = EditDistance(a, b, 2);
  const size_t shorter = FewerLetters(a, b);
  if (edits <= 1) return shorter > 2 ? 1 : 2;
  return edits == 2 && shorter >= 6 ? 2 : 3;
}

uint32_t ComparePhones(std::string_view a, std::string_view b) {
  constexpr size_t kLocalDigits = 7;
  if (a.size() >= kLocalDigits && b.size() >= kLocalDigits &&
      a.substr(a.size() - kLocalDigits) == b.substr(b.size() - kLocalDigits)) {
    return 1;
  }
  return CompareCodes(a, b);
}

uint32_t CompareEmails(std::string_view a, std::string_view b) {
  const std::string_view person = a.substr(0, a.find('@'));
  const bool same_person = person == b.substr(0, b.find('@')) && LetterCount(person) >= 4;
  if (same_person || EditDistance(a, b, 1) <= 1) return 1;
  const double alike = JaroWinkler(a, b);
  return IsAtLeast(alike, 0.92) ? 2 : IsAtLeast(alike, 0.85) ? 3 : 4;
}

uint32_t CompareDates(std::string_view a, std::string_view b) {
  if (!IsDay(a) || !IsDay(b)) return EditDistance(a, b, 1) <= 1 ? 1 : 4;
  const bool same_year = a.substr(0, 4) == b.substr(0, 4);
  if (same_year && a.substr(4, 2) == b.substr(6) && a.substr(6) == b.substr(4, 2)) return 1;
  const int edits = EditDistance(a, b, 2);
  if (edits <= 1) return 1;
  if (edits == 2 || (same_year && a.substr(4, 2) == b.substr(4, 2))) return 2;
  return same_year || a.substr(4) == b.substr(4) ? 3 : 4;
}

uint32_t CompareNumbers(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return kNumberLevels - 1;
  const double apart = std::abs(a - b) / std::max({std::abs(a), std::abs(b), 1e-9});
  constexpr double kRounding = 1e-12;  // 5.70 is within 5 % of 6.00, though not in binary digits.
  uint32_t level = 1;
  for (const double most : {0.01, 0.05, 0.2, 0.5}) {
    if (apart <= most + kRounding) break;
    ++level;
  }
  return level;
}

uint32_t CompareAddresses(std::string_view a, std::string_view b, double street) {
  const std::string_view house_a = SplitAddress(a).house;
  const std::string_view house_b = SplitAddress(b).house;
  if (!house_a.empty() && house_a == house_b) {
    const uint32_t level = LevelOfShare(kStreetShares, street);
    return level <= kStreetShares.size() ? level : kAddressLevels - 1;
  }
  return kAddressLevels - (street >= kStreetShareMin ? 3 : street >= kStreetShareLow ? 2 : 1);
}

}  // namespace dq
