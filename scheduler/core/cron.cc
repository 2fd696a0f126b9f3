#include "scheduler/core/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kTextBytesMax = 200;
constexpr size_t kZoneBytesMax = 64;
constexpr size_t kFields = 5;
constexpr int kYearsAhead = 50;

constexpr std::string_view kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                            "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kDayNames[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

// What a field may hold. Names count from `min`.
struct FieldRule {
  std::string_view name;
  int min;
  int max;
  std::span<const std::string_view> names;
};

constexpr FieldRule kRules[kFields] = {{"minute", 0, 59, {}},
                                       {"hour", 0, 23, {}},
                                       {"day of month", 1, 31, {}},
                                       {"month", 1, 12, kMonthNames},
                                       {"day of week", 0, 7, kDayNames}};

constexpr std::pair<std::string_view, std::string_view> kMacros[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"}};

absl::Status BadCron(const std::string& what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_CRON", what);
}

absl::Status BadField(const FieldRule& rule, std::string_view text, const std::string& what) {
  return BadCron(std::string(rule.name) + " '" + std::string(text) + "': " + what);
}

std::string RangeText(const FieldRule& rule) {
  return std::to_string(rule.min) + " to " + std::to_string(rule.max);
}

std::optional<int> ReadNumber(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 0 ? std::optional(number) : std::nullopt;
}

// Reads a number or a name of the field.
absl::StatusOr<int> ReadValue(const FieldRule& rule, std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(std::string(text));
  const auto named = std::ranges::find(rule.names, std::string_view(lower));
  if (named != rule.names.end()) {
    return rule.min + static_cast<int>(named - rule.names.begin());
  }
  const std::optional<int> number = ReadNumber(text);
  if (!number) return BadField(rule, text, "neither * nor a number, a range or a list of them");
  if (*number >= rule.min && *number <= rule.max) return *number;
  return BadField(rule, text, "it goes from " + RangeText(rule));
}

// Cuts `text` in two at the first `mark`; the second is absent without one.
std::pair<std::string_view, std::optional<std::string_view>> Cut(std::string_view text, char mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

// Reads one entry of a field's list into a bit for each value.
absl::StatusOr<uint64_t> ReadEntry(const FieldRule& rule, std::string_view text) {
  const auto [range, step_text] = Cut(text, '/');
  const auto [first_text, last_text] = Cut(range, '-');
  int first = rule.min;
  int last = rule.max;
  if (range != "*") {
    DQ_ASSIGN_OR_RETURN(first, ReadValue(rule, first_text));
    last = first;
    if (last_text) {
      DQ_ASSIGN_OR_RETURN(last, ReadValue(rule, *last_text));
    }
  }
  if (first > last) return BadField(rule, text, "the range ends before it begins");
  int step = 1;
  if (step_text) {
    if (range != "*" && !last_text) return BadField(rule, text, "a step needs * or a range");
    step = ReadNumber(*step_text).value_or(0);
    if (step < 1 || step > rule.max) {
      return BadField(rule, text, "a step is a number from 1 to " + std::to_string(rule.max));
    }
  }
  uint64_t values = 0;
  for (int value = first; value <= last; value += step) values |= uint64_t{1} << value;
  return values;
}

absl::StatusOr<uint64_t> ReadField(const FieldRule& rule, const std::string& text) {
  uint64_t values = 0;
  const std::vector<std::string> entries = absl::StrSplit(text, ',');
  for (const std::string& entry : entries) {
    DQ_ASSIGN_OR_RETURN(const uint64_t more, ReadEntry(rule, entry));
    values |= more;
  }
  return values;
}

bool Has(uint64_t values, int value) { return (values >> value & 1) != 0; }

// Returns the first whole minute that is not before `time`.
absl::CivilMinute WholeMinute(absl::CivilSecond time) {
  const absl::CivilMinute minute(time);
  return absl::CivilSecond(minute) == time ? minute : minute + 1;
}

}  // namespace

absl::StatusOr<CronExpression> CronExpression::Parse(std::string_view text) {
  if (text.size() > kTextBytesMax) return BadCron("at most 200 characters");
  std::string expanded(text);
  if (text.starts_with('@')) {
    const auto macro = std::ranges::find(kMacros, text, [](const auto& one) { return one.first; });
    if (macro == std::end(kMacros)) {
      return BadCron("'" + expanded + "' is none of @yearly @monthly @weekly @daily @hourly");
    }
    expanded = macro->second;
  }
  const std::vector<std::string> fields =
      absl::StrSplit(expanded, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != kFields) {
    return BadCron("five fields are needed, minute hour day-of-month month day-of-week, and here " +
                   (fields.size() == 1 ? "is 1" : "are " + std::to_string(fields.size())));
  }
  std::array<uint64_t, kFields> values = {};
  std::array<bool, kFields> any = {};
  for (size_t i = 0; i < kFields; ++i) {
    DQ_ASSIGN_OR_RETURN(values[i], ReadField(kRules[i], fields[i]));
    any[i] = fields[i].starts_with('*');
  }
  CronExpression cron;
  cron.minutes_ = values[0];
  cron.hours_ = values[1];
  cron.days_ = values[2];
  cron.months_ = values[3];
  cron.weekdays_ = values[4] | (values[4] >> 7 & 1);
  cron.by_either_day_ = !any[2] && !any[4];
  cron.by_clock_of_day_ = any[0] || any[1];
  if (!cron.CanFire()) return BadCron("it never fires: no month named has such a day");
  return cron;
}

bool CronExpression::CanFire() const {
  if (by_either_day_) return true;
  // Every day of the year is every day of the week in some year.
  constexpr int kDaysMax[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month <= 12; ++month) {
    for (int day = 1; Has(months_, month) && day <= kDaysMax[month - 1]; ++day) {
      if (Has(days_, day)) return true;
    }
  }
  return false;
}

bool CronExpression::FitsDay(absl::CivilDay day) const {
  const int weekday = (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;  // Abseil's begin Monday.
  const bool fits_day = Has(days_, day.day());
  const bool fits_weekday = Has(weekdays_, weekday);
  return by_either_day_ ? fits_day || fits_weekday : fits_day && fits_weekday;
}

std::optional<absl::CivilMinute> CronExpression::FirstOfDay(absl::CivilDay day, int hour,
                                                            int minute) const {
  for (; hour < 24; ++hour, minute = 0) {
    for (; Has(hours_, hour) && minute < 60; ++minute) {
      if (!Has(minutes_, minute)) continue;
      return absl::CivilMinute(day.year(), day.month(), day.day(), hour, minute);
    }
  }
  return std::nullopt;
}

std::optional<absl::CivilMinute> CronExpression::FirstIn(absl::CivilMinute from,
                                                         absl::CivilMinute end) const {
  const absl::CivilDay first(from);
  for (absl::CivilDay day = first; absl::CivilMinute(day) < end;) {
    if (!Has(months_, day.month())) {
      day = absl::CivilDay(absl::CivilMonth(day) + 1);
      continue;
    }
    if (FitsDay(day)) {
      const bool whole = day != first;
      const auto found = FirstOfDay(day, whole ? 0 : from.hour(), whole ? 0 : from.minute());
      if (found) return *found < end ? found : std::nullopt;
    }
    ++day;
  }
  return std::nullopt;
}

absl::Time CronExpression::NextAfter(absl::Time after, const absl::TimeZone& zone) const {
  const absl::TimeZone::CivilInfo begin = zone.At(after);
  const absl::CivilMinute limit(absl::CivilYear(begin.cs) + kYearsAhead);
  absl::Time stretch = after - begin.subsecond;  // From here on the clock was not moved,
  absl::CivilSecond shown = begin.cs;            // when it showed this.
  absl::CivilMinute from = absl::CivilMinute(shown) + 1;
  while (from < limit) {
    absl::TimeZone::CivilTransition moved;
    const bool is_moved = zone.NextTransition(stretch, &moved);
    const absl::CivilMinute end = is_moved ? std::min(WholeMinute(moved.from), limit) : limit;
    while (const auto found = FirstIn(from, end)) {
      const absl::CivilSecond second(*found);
      const absl::Time time = stretch + absl::Seconds(second - shown);
      const absl::TimeZone::TimeInfo info = zone.At(second);
      const bool was_shown = info.kind == absl::TimeZone::TimeInfo::REPEATED && time != info.pre;
      if (by_clock_of_day_ || !was_shown) return time;
      from = *found + 1;
    }
    if (!is_moved) break;
    stretch = zone.At(moved.to).trans;
    shown = moved.to;
    from = WholeMinute(shown);
    const bool left_out = !by_clock_of_day_ && FirstIn(WholeMinute(moved.from), from).has_value();
    if (left_out && from < limit) return stretch;
  }
  return absl::InfiniteFuture();
}

absl::StatusOr<Timetable> Timetable::Parse(std::string_view cron, const std::string& zone) {
  DQ_ASSIGN_OR_RETURN(const CronExpression expression, CronExpression::Parse(cron));
  DQ_ASSIGN_OR_RETURN(const absl::TimeZone found, FindTimeZone(zone));
  return Timetable(expression, found);
}

absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name) {
  // What else the library takes are files, and the zone of this machine.
  const auto is_plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' ||
           c == '+';
  };
  const bool is_name = !name.empty() && name.size() <= kZoneBytesMax &&
                       absl::ascii_isupper(static_cast<unsigned char>(name.front())) &&
                       std::ranges::all_of(name, is_plain);
  absl::TimeZone zone;
  if (is_name && absl::LoadTimeZone(name, &zone)) return zone;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_TIME_ZONE",
                   "no time zone of this name is known; write for example Europe/Berlin or UTC");
}

}  // namespace dq
