#include "worker/table/values/date_pattern.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>

#include "worker/table/values/ascii.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr std::array kDates = {
    NamedPattern{"Y-m-d", "YYYY-MM-DD"},    NamedPattern{"Y/m/d", "YYYY/MM/DD"},
    NamedPattern{"Y.m.d", "YYYY.MM.DD"},    NamedPattern{"Ymd", "YYYYMMDD"},
    NamedPattern{"d/m/Y", "DD/MM/YYYY"},    NamedPattern{"m/d/Y", "MM/DD/YYYY"},
    NamedPattern{"d-m-Y", "DD-MM-YYYY"},    NamedPattern{"m-d-Y", "MM-DD-YYYY"},
    NamedPattern{"d.m.Y", "DD.MM.YYYY"},    NamedPattern{"d/m/y", "DD/MM/YY"},
    NamedPattern{"m/d/y", "MM/DD/YY"},      NamedPattern{"d-m-y", "DD-MM-YY"},
    NamedPattern{"d.m.y", "DD.MM.YY"},      NamedPattern{"d b Y", "DD Mon YYYY"},
    NamedPattern{"d-b-Y", "DD-Mon-YYYY"},   NamedPattern{"d-b-y", "DD-Mon-YY"},
    NamedPattern{"b d, Y", "Mon DD, YYYY"}, NamedPattern{"b d Y", "Mon DD YYYY"},
    NamedPattern{"d. b Y", "DD. Mon YYYY"}, NamedPattern{"a, d b Y", "Day, DD Mon YYYY"}};

constexpr std::array kTimes = {
    NamedPattern{"H:M", "HH:MM"},           NamedPattern{"H:M:S", "HH:MM:SS"},
    NamedPattern{"h:M p", "hh:MM AM"},      NamedPattern{"h:Mp", "hh:MMAM"},
    NamedPattern{"h:M:S p", "hh:MM:SS AM"}, NamedPattern{"H:M:Sz", "HH:MM:SSZ"},
    NamedPattern{"H:M:S z", "HH:MM:SS Z"}};

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

  // Of a text that matched.
  double Moment() const {
    const int hour = half_day_.has_value() ? hour_ % 12 + (*half_day_ ? 12 : 0) : hour_;
    const double time = hour * 3600 + minute_ * 60 + second_ - zone_;
    if (!has_day_) return time;
    const int year = of_century_ && year_ >= 2069 ? year_ - 100 : year_;
    const auto days = std::chrono::sys_days(std::chrono::year(year) /
                                            std::chrono::month(static_cast<unsigned>(month_)) /
                                            std::chrono::day(static_cast<unsigned>(day_)));
    return static_cast<double>(days.time_since_epoch().count()) * 86400 + time;
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
        return TakeNumber(1, 2, 0, 23, hour_);
      case 'h':
        return TakeNumber(1, 2, 1, 12, hour_);
      case 'M':
        return TakeNumber(2, 2, 0, 59, minute_);
      case 'S':
        return TakeSeconds();
      case 'b':
        return TakeMonthName();
      case 'a':
        return TakeWeekday();
      case 'p':
        half_day_ = !rest_.empty() && (rest_[0] == 'p' || rest_[0] == 'P');
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
    of_century_ = true;
    return true;
  }

  bool TakeSeconds() {
    int whole = 0;
    if (!TakeNumber(2, 2, 0, 60, whole)) return false;
    second_ = whole;
    if (!rest_.starts_with('.')) return true;
    size_t end = 1;
    double unit = 0.1;
    for (; end < rest_.size() && IsDigit(rest_[end]); ++end, unit /= 10) {
      second_ += unit * (rest_[end] - '0');
    }
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
    const int sign = rest_[0] == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    int hours = 0;
    int minutes = 0;
    if (!TakeNumber(2, 2, 0, 14, hours)) return false;
    if (rest_.starts_with(':')) rest_.remove_prefix(1);
    if (!TakeNumber(2, 2, 0, 59, minutes)) return false;
    zone_ = sign * (hours * 3600 + minutes * 60);
    return true;
  }

  std::string_view rest_;
  bool has_day_ = false;
  int year_ = 2000;
  int month_ = 1;
  int day_ = 1;
  bool of_century_ = false;  // Whether the year was written with two digits.
  int hour_ = 0;
  std::optional<bool> half_day_;  // Whether it is the second one; nothing: of 24 hours.
  int minute_ = 0;
  double second_ = 0;
  int zone_ = 0;  // In seconds east of UTC.
};

}  // namespace

bool MatchesDate(std::string_view text, std::string_view pattern) {
  return Matcher(text).Match(pattern);
}

std::optional<double> MomentByPattern(std::string_view text, std::string_view pattern) {
  Matcher matcher(text);
  if (!matcher.Match(pattern)) return std::nullopt;
  return matcher.Moment();
}

std::span<const NamedPattern> DatePatterns() { return kDates; }
std::span<const NamedPattern> TimePatterns() { return kTimes; }

}  // namespace dq
