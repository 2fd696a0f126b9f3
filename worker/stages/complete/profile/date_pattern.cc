#include "worker/stages/complete/profile/date_pattern.h"

#include <algorithm>
#include <array>
#include <optional>

#include "worker/table/values/value_type.h"

namespace dq {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool StartsWithWord(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::equal(lower.begin(), lower.end(), text.begin(),
                                                   [](char a, char b) { return a == (b | 0x20); });
}

// Walks over a text as the pattern says.
class Matcher {
 public:
  explicit Matcher(std::string_view text) : rest_(text) {}

  bool Match(std::string_view pattern) {
    const bool packed = pattern.starts_with("Ymd");
    for (const char element : pattern) {
      if (!Take(element, packed)) return false;
    }
    return rest_.empty() && (!has_day_ || DayExists(year_, month_, day_));
  }

 private:
  bool Take(char element, bool packed) {
    switch (element) {
      case 'Y':
        return TakeNumber(4, 4, 1, 9999, year_);
      case 'y':
        return TakeYearOfCentury();
      case 'm':
        return TakeNumber(packed ? 2 : 1, 2, 1, 12, month_);
      case 'd':
        has_day_ = true;
        return TakeNumber(packed ? 2 : 1, 2, 1, 31, day_);
      case 'H':
        return TakeNumber(1, 2, 0, 23, ignored_);
      case 'h':
        return TakeNumber(1, 2, 1, 12, ignored_);
      case 'M':
        return TakeNumber(2, 2, 0, 59, ignored_);
      case 'S':
        return TakeNumber(2, 2, 0, 60, ignored_) && TakeFraction();
      case 'b':
        return TakeMonthName();
      case 'a':
        return TakeWeekday();
      case 'p':
        return TakeOneOf({"am", "pm"});
      case 'z':
        return TakeZone();
      default:
        if (rest_.empty() || rest_[0] != element) return false;
        rest_.remove_prefix(1);
        return true;
    }
  }

  bool TakeNumber(size_t digits_min, size_t digits_max, int least, int most, int& number) {
    size_t digits = 0;
    int value = 0;
    while (digits < digits_max && digits < rest_.size() && IsDigit(rest_[digits])) {
      value = value * 10 + (rest_[digits++] - '0');
    }
    if (digits < digits_min || value < least || value > most) return false;
    number = value;
    rest_.remove_prefix(digits);
    return true;
  }

  // Of this century: 29 February exists in every fourth year of it.
  bool TakeYearOfCentury() {
    if (!TakeNumber(2, 2, 0, 99, year_)) return false;
    year_ += 2000;
    return true;
  }

  bool TakeFraction() {
    if (!rest_.starts_with('.')) return true;
    size_t end = 1;
    while (end < rest_.size() && IsDigit(rest_[end])) ++end;
    rest_.remove_prefix(end);
    return end > 1;
  }

  // Takes a word of `names` or its first three letters.
  template <size_t n>
  std::optional<size_t> TakeName(const std::array<std::string_view, n>& names) {
    size_t letters = 0;
    while (letters < rest_.size() && IsLetter(rest_[letters])) ++letters;
    const std::string_view word = rest_.substr(0, letters);
    for (size_t i = 0; i < n; ++i) {
      if ((letters != 3 && letters != names[i].size()) ||
          !StartsWithWord(word, names[i].substr(0, letters))) {
        continue;
      }
      rest_.remove_prefix(letters);
      return i;
    }
    return std::nullopt;
  }

  bool TakeMonthName() {
    static constexpr std::array<std::string_view, 12> kMonths = {
        "january", "february", "march",     "april",   "may",      "june",
        "july",    "august",   "september", "october", "november", "december"};
    const std::optional<size_t> month = TakeName(kMonths);
    month_ = month.has_value() ? static_cast<int>(*month) + 1 : 0;
    return month.has_value();
  }

  bool TakeWeekday() {
    static constexpr std::array<std::string_view, 7> kDays = {
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    return TakeName(kDays).has_value();
  }

  bool TakeOneOf(std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
      if (!StartsWithWord(rest_, word)) continue;
      rest_.remove_prefix(word.size());
      return true;
    }
    return false;
  }

  bool TakeZone() {
    if (TakeOneOf({"gmt", "utc", "z"})) return true;
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    rest_.remove_prefix(1);
    if (!TakeNumber(2, 2, 0, 14, ignored_)) return false;
    if (rest_.starts_with(':')) rest_.remove_prefix(1);
    return TakeNumber(2, 2, 0, 59, ignored_);
  }

  std::string_view rest_;
  bool has_day_ = false;
  int year_ = 2000;
  int month_ = 1;
  int day_ = 1;
  int ignored_ = 0;
};

}  // namespace

bool MatchesDate(std::string_view text, std::string_view pattern) {
  return Matcher(text).Match(pattern);
}

}  // namespace dq
