#include "worker/stages/dedupe/fuzzy/field_kind.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/values/ascii.h"
#include "worker/table/values/contact_form.h"
#include "worker/table/values/no_value_words.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

bool HoldsNothing(std::string_view text) {
  if (std::none_of(text.begin(), text.end(),
                   [](char c) { return IsDigit(c) || IsLetterOrBeyond(c); })) {
    return true;
  }
  const NoValueWord* const word = FindNoValueWord(text);
  return word != nullptr && word->never_a_record;
}

constexpr size_t kHouseLettersMax = 6;

bool IsHouse(std::string_view word) {
  return !word.empty() && IsDigit(word.front()) && word.size() <= kHouseLettersMax;
}

// What the values of a field look like; shares of its rows.
constexpr double kPhraseWordsMax = 4;

struct Looks {
  double rows = 0;
  double distinct = 0;
  double words = 0;
  double phrases = 0;  // More than one word.
  double letters = 0;
  double dates = 0;
  double phones = 0;
  double emails = 0;
  double integers = 0;    // Digits alone.
  double quantities = 0;  // A number with a fraction, a thousands mark or a currency sign.
  double codes = 0;       // One word with a digit.
  double digit_words = 0;
  double length_min = 1e9;
  double length_max = 0;
  double number_max = 0;
};

size_t CountLetters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), IsLetterOrBeyond));
}

// Splits a date into its three numbers; false when the text is no date.
bool SplitDate(std::string_view text, std::array<int, 3>& parts, std::array<size_t, 3>& widths) {
  text = text.substr(0, text.find_first_of("t "));
  if (text.size() == 8 && CountDigits(text) == 8) {
    widths = {4, 2, 2};
    const std::string all(text);
    parts = {std::stoi(all.substr(0, 4)), std::stoi(all.substr(4, 2)), std::stoi(all.substr(6, 2))};
    return true;
  }
  size_t part = 0;
  parts = {};
  widths = {};
  for (const char c : text) {
    if (IsDigit(c)) {
      parts[part] = parts[part] * 10 + (c - '0');
      if (++widths[part] > 4) return false;
    } else if ((c == '-' || c == '/' || c == '.') && part < 2 && widths[part] > 0) {
      ++part;
    } else {
      return false;
    }
  }
  return part == 2 && widths[2] > 0 && std::count(widths.begin(), widths.end(), size_t{4}) == 1 &&
         widths[1] <= 2;
}

// Whether there is such a day, whichever of the two is the month.
bool IsDate(std::string_view text) {
  std::array<int, 3> parts;
  std::array<size_t, 3> widths;
  if (!SplitDate(text, parts, widths)) return false;
  const int year = widths[0] == 4 ? parts[0] : parts[2];
  const int other = widths[0] == 4 ? parts[2] : parts[0];
  return year >= 1000 && year <= 2999 &&
         (DayExists(year, parts[1], other) || DayExists(year, other, parts[1]));
}

// Folding took the points of an address beyond ASCII, by which IsEmail would know it.
bool IsFoldedEmail(std::string_view text) {
  const size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find(' ') == std::string_view::npos;
}

// Digits alone may be any code.
bool IsMarkedPhone(std::string_view text) {
  const std::optional<PhoneMarks> phone = ReadPhone(text);
  return phone.has_value() && (phone->separated || text.starts_with('+'));
}

bool IsQuantity(std::string_view text) {
  return CountLetters(text) <= 3 && text.find_first_of(".,$%") != std::string_view::npos &&
         !std::isnan(QuantityOf(text));
}

void Look(Looks& looks, std::string_view text, double times) {
  const size_t digits = CountDigits(text);
  const auto words = static_cast<double>(1 + std::count(text.begin(), text.end(), ' '));
  looks.rows += times;
  looks.distinct += 1;
  looks.words += words * times;
  if (digits > 0 && CountLetters(text) == 0) looks.digit_words += times;
  if (digits == 0) looks.letters += times;
  if (words > 1) looks.phrases += times;
  if (IsFoldedEmail(text)) looks.emails += times;
  if (IsDate(text)) looks.dates += times;
  if (IsMarkedPhone(text)) looks.phones += times;
  if (IsQuantity(text)) looks.quantities += times;
  if (digits > 0 && words == 1) looks.codes += times;
  if (digits == text.size()) {
    looks.integers += times;
    looks.number_max = std::max(looks.number_max, QuantityOf(text));
  }
  looks.length_min = std::min(looks.length_min, static_cast<double>(text.size()));
  looks.length_max = std::max(looks.length_max, static_cast<double>(text.size()));
}

bool MostlyDayFirst(const ValueDictionary& values) {
  int64_t day_first = 0;
  int64_t month_first = 0;
  std::array<int, 3> parts;
  std::array<size_t, 3> widths;
  for (ValueId id = 1; id <= values.size(); ++id) {
    if (!SplitDate(values.text(id), parts, widths) || widths[0] == 4) continue;
    day_first += parts[0] > 12 ? 1 : 0;
    month_first += parts[1] > 12 ? 1 : 0;
  }
  return day_first >= month_first;
}

std::string CanonicalDate(std::string_view text, bool day_first) {
  std::array<int, 3> parts;
  std::array<size_t, 3> widths;
  if (!SplitDate(text, parts, widths)) return CanonicalValue(FieldKind::kCode, text, false);
  if (widths[0] != 4) {
    std::swap(parts[0], parts[2]);  // Year, then month and day or day and month.
    if (!day_first) std::swap(parts[1], parts[2]);
  }
  std::array<char, 40> out;
  const int size =
      std::snprintf(out.data(), out.size(), "%04d%02d%02d", parts[0], parts[1], parts[2]);
  return std::string(out.data(), static_cast<size_t>(size));
}

}  // namespace

HouseAndStreet SplitAddress(std::string_view text) {
  const size_t first = text.find(' ');
  if (first == std::string_view::npos) return {};
  if (IsHouse(text.substr(0, first))) return {text.substr(0, first), text.substr(first + 1)};
  const size_t last = text.rfind(' ');
  if (IsHouse(text.substr(last + 1))) return {text.substr(last + 1), text.substr(0, last)};
  return {};
}

double QuantityOf(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (IsDigit(c) || c == '.' || (c == '-' && digits.empty())) digits += c;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? number : std::numeric_limits<double>::quiet_NaN();
}

FieldKind DecideKind(const RecordStore& store, size_t field) {
  const ValueDictionary& values = store.values(field);
  Looks looks;
  for (ValueId id = 1; id <= values.size(); ++id) {
    if (!HoldsNothing(values.text(id))) Look(looks, values.text(id), values.count(id));
  }
  constexpr double kMost = 0.9;
  if (looks.distinct < 2) return FieldKind::kIgnored;
  if (looks.emails > 0.6 * looks.rows) return FieldKind::kEmail;
  if (looks.dates > 0.6 * looks.rows) return FieldKind::kDate;
  if (looks.phones > 0.7 * looks.rows) return FieldKind::kPhone;
  // A number of its own for every row is the row's, not the entity's.
  const bool all_differ = looks.distinct == looks.rows && looks.rows >= 16;
  if (all_differ && looks.codes > kMost * looks.rows) return FieldKind::kIgnored;
  if (looks.quantities > 0.3 * looks.rows && looks.digit_words > kMost * looks.rows) {
    return FieldKind::kNumber;
  }
  if (looks.codes > kMost * looks.rows) return FieldKind::kCode;
  const double words = looks.words / looks.rows;
  const bool mixed = looks.letters < 0.7 * looks.rows;
  if (words > kPhraseWordsMax || (mixed && words > 1.5)) return FieldKind::kText;
  return looks.phrases > 0.25 * looks.rows ? FieldKind::kPhrase : FieldKind::kName;
}

std::string CanonicalValue(FieldKind kind, std::string_view folded, bool day_first) {
  if (HoldsNothing(folded)) return "";
  if (kind == FieldKind::kDate) return CanonicalDate(folded, day_first);
  if (kind != FieldKind::kCode && kind != FieldKind::kPhone) return std::string(folded);
  std::string out;
  for (const char c : folded) {
    if (IsDigit(c) || (IsLetterOrBeyond(c) && kind == FieldKind::kCode)) out += c;
  }
  return out;
}

absl::Status Canonicalise(RecordStore& store, size_t field, FieldKind kind, MemoryBudget& memory) {
  const ValueDictionary& old = store.values(field);
  const bool day_first = kind == FieldKind::kDate && MostlyDayFirst(old);
  std::vector<ValueId> ids(old.size() + size_t{1}, kNoValue);
  ValueDictionary values(memory);
  for (ValueId id = 1; id <= old.size(); ++id) {
    const std::string text = CanonicalValue(kind, old.text(id), day_first);
    DQ_ASSIGN_OR_RETURN(ids[id], values.Add(text, old.count(id)));
  }
  store.Replace(field, std::move(values), ids);
  return absl::OkStatus();
}

}  // namespace dq
