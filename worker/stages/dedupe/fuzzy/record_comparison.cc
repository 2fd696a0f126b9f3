#include "worker/stages/dedupe/fuzzy/record_comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/comparators.h"

namespace dq {
namespace {

constexpr size_t kNameLevels = 5;
constexpr std::array kCosines = {0.9,  0.8, 0.7,  0.6, 0.5,  0.45, 0.4,
                                 0.35, 0.3, 0.25, 0.2, 0.15, 0.1};
constexpr size_t kTextLevels = kCosines.size() + 2;  // Equality before, disagreement behind.
constexpr size_t kCodeLevels = 4;
constexpr size_t kNumberLevels = 6;
constexpr size_t kDateLevels = 5;

size_t LevelsOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kIgnored:
      return 0;
    case FieldKind::kName:
    case FieldKind::kEmail:
      return kNameLevels;
    case FieldKind::kText:
      return kTextLevels;
    case FieldKind::kCode:
    case FieldKind::kPhone:
      return kCodeLevels;
    case FieldKind::kNumber:
      return kNumberLevels;
    case FieldKind::kDate:
      return kDateLevels;
  }
  return 0;
}

std::string SortedWords(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(words.begin(), words.end());
  std::string out;
  for (const std::string_view word : words) out.append(word).append(" ");
  return out;
}

bool HasWords(std::string_view text) { return text.find(' ') != std::string_view::npos; }

uint32_t NameLevel(double similarity) {
  return similarity >= 0.92 ? 1 : similarity >= 0.88 ? 2 : similarity >= 0.70 ? 3 : 4;
}

uint32_t CompareNames(std::string_view a, std::string_view b) {
  uint32_t level = NameLevel(JaroWinkler(a, b));
  if (level > 1 && std::min(a.size(), b.size()) >= 4 && EditDistance(a, b, 1) <= 1) level = 1;
  if (level > 1 && HasWords(a) && HasWords(b)) {
    level = std::min(level, NameLevel(JaroWinkler(SortedWords(a), SortedWords(b))));
  }
  return level;
}

uint32_t CompareCodes(std::string_view a, std::string_view b) {
  const int edits = EditDistance(a, b, 2);
  const size_t shorter = std::min(a.size(), b.size());
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
  const size_t at_a = a.find('@');
  const size_t at_b = b.find('@');
  const bool same_person = at_a >= 4 && a.substr(0, at_a) == b.substr(0, at_b);
  if (same_person || EditDistance(a, b, 1) <= 1) return 1;
  return NameLevel(JaroWinkler(a, b)) <= 1 ? 2 : 2 + (JaroWinkler(a, b) >= 0.85 ? 1 : 2);
}

// `a` and `b` are YYYYMMDD, or what else the field holds.
uint32_t CompareDates(std::string_view a, std::string_view b) {
  if (a.size() != 8 || b.size() != 8) return EditDistance(a, b, 1) <= 1 ? 1 : 4;
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
  return apart <= 0.01 ? 1 : apart <= 0.05 ? 2 : apart <= 0.2 ? 3 : apart <= 0.5 ? 4 : 5;
}

uint32_t TextLevel(double cosine) {
  uint32_t level = 1;
  for (const double least : kCosines) {
    if (cosine >= least) break;
    ++level;
  }
  return level;
}

// How much a field can tell: the entropy of its values, in bits a row.
double Telling(const RecordStore& store, size_t field) {
  const ValueDictionary& values = store.values(field);
  const auto rows = static_cast<double>(store.size());
  double bits = 0;
  for (ValueId id = 1; id <= values.size(); ++id) {
    const double share = values.count(id) / rows;
    if (share > 0) bits -= share * std::log2(share);
  }
  return bits;
}

bool MaySwap(FieldKind kind) { return kind == FieldKind::kName || kind == FieldKind::kText; }

}  // namespace

absl::StatusOr<RecordComparison> RecordComparison::Prepare(RecordStore& store,
                                                           MemoryBudget& memory) {
  RecordComparison made(store);
  std::vector<std::pair<double, ComparedField>> candidates;
  for (size_t field = 0; field < store.fields(); ++field) {
    const FieldKind kind = DecideKind(store, field);
    DQ_RETURN_IF_ERROR(Canonicalise(store, field, kind, memory));
    if (kind == FieldKind::kIgnored || store.values(field).size() < 2) continue;
    candidates.push_back(
        {-Telling(store, field), {.field = field, .kind = kind, .levels = LevelsOf(kind)}});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (candidates.size() > kComparedFieldsMax) candidates.resize(kComparedFieldsMax);
  for (const auto& [telling, field] : candidates) made.fields_.push_back(field);
  std::sort(made.fields_.begin(), made.fields_.end(),
            [](const ComparedField& a, const ComparedField& b) { return a.field < b.field; });
  made.grams_.resize(made.fields_.size());
  made.numbers_.resize(made.fields_.size());
  for (size_t i = 0; i < made.fields_.size(); ++i) {
    const ValueDictionary& values = made.values(i);
    if (made.fields_[i].kind == FieldKind::kText) {
      DQ_ASSIGN_OR_RETURN(GramVectors vectors, GramVectors::Build(values, memory));
      made.grams_[i].emplace(std::move(vectors));
    } else if (made.fields_[i].kind == FieldKind::kNumber) {
      for (ValueId id = 0; id <= values.size(); ++id) {
        made.numbers_[i].push_back(
            id == kNoValue ? 0 : static_cast<float>(QuantityOf(values.text(id))));
      }
    }
  }
  made.FindSwaps();
  return made;
}

// Neighbours of a kind can take each other's place: given name and surname, two lines of an
// address.
void RecordComparison::FindSwaps() {
  for (size_t i = 0; i + 1 < fields_.size(); ++i) {
    if (MaySwap(fields_[i].kind) && fields_[i].kind == fields_[i + 1].kind) {
      fields_[i].swaps = i + 1;
    }
  }
}

Pattern RecordComparison::Compare(RecordId a, RecordId b) const {
  const ValueId* left = store_->cells(a);
  const ValueId* right = store_->cells(b);
  Pattern pattern = 0;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const size_t field = fields_[i].field;
    pattern |= Pattern{CompareField(i, left[field], right[field])} << (i * kLevelBits);
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (!fields_[i].swaps.has_value() || LevelOf(pattern, i) <= 2 ||
        LevelOf(pattern, *fields_[i].swaps) <= 2 || !Swapped(i, a, b)) {
      continue;
    }
    for (const size_t field : {i, *fields_[i].swaps}) {
      pattern &= ~(Pattern{kLevelUnknown} << (field * kLevelBits));
      pattern |= Pattern{1} << (field * kLevelBits);
    }
  }
  return pattern;
}

bool RecordComparison::Swapped(size_t field, RecordId a, RecordId b) const {
  const size_t other = *fields_[field].swaps;
  const ValueId here_a = value(a, field);
  const ValueId here_b = value(b, field);
  const ValueId there_a = value(a, other);
  const ValueId there_b = value(b, other);
  if (here_a == kNoValue || here_b == kNoValue || there_a == kNoValue || there_b == kNoValue ||
      (here_a == here_b && there_a == there_b)) {
    return false;
  }
  constexpr double kAlike = 0.92;
  return JaroWinkler(values(field).text(here_a), values(other).text(there_b)) >= kAlike &&
         JaroWinkler(values(field).text(here_b), values(other).text(there_a)) >= kAlike;
}

uint32_t RecordComparison::CompareField(size_t field, ValueId a, ValueId b) const {
  if (a == kNoValue || b == kNoValue) return kLevelUnknown;
  if (a == b) return 0;
  const ValueDictionary& texts = values(field);
  switch (fields_[field].kind) {
    case FieldKind::kIgnored:
      return kLevelUnknown;
    case FieldKind::kName:
      return CompareNames(texts.text(a), texts.text(b));
    case FieldKind::kText:
      return TextLevel(grams_[field]->Cosine(a, b));
    case FieldKind::kCode:
      return CompareCodes(texts.text(a), texts.text(b));
    case FieldKind::kNumber:
      return CompareNumbers(double{numbers_[field][a]}, double{numbers_[field][b]});
    case FieldKind::kDate:
      return CompareDates(texts.text(a), texts.text(b));
    case FieldKind::kPhone:
      return ComparePhones(texts.text(a), texts.text(b));
    case FieldKind::kEmail:
      return CompareEmails(texts.text(a), texts.text(b));
  }
  return kLevelUnknown;
}

}  // namespace dq
