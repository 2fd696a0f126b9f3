// Matches a text against a pattern of dates and times, and the patterns that people use. Stateless;
// thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace dq {

// Whether `text` is written like `pattern` and the day exists:
//   Y  year, four digits         y  year, two digits       m  month, one or two digits
//   d  day, one or two digits    b  English month name, three letters or whole, in any case
//   a  English weekday           H  hour 0 to 23           h  hour 1 to 12
//   M  minute   S  second, with a fraction or without      p  AM or PM
//   z  Z, GMT, UTC, +HH:MM or +HHMM
// In "Ymd" (no signs between) month and day have two digits. All else stands for itself.
bool MatchesDate(std::string_view text, std::string_view pattern);

// The moment of such a text in seconds, to compare dates as MomentOf does: midnight without a time,
// UTC without a zone, years of two digits from 1969 to 2068; of a time alone, since midnight.
// Nothing when it does not match.
std::optional<double> MomentByPattern(std::string_view text, std::string_view pattern);

// No date of these patterns is longer.
inline constexpr size_t kDateBytesMax = 48;

struct NamedPattern {
  std::string_view pattern;
  std::string_view name;  // With D, M, H for one digit or two.
};

// How dates, and times of the day, are usually written.
std::span<const NamedPattern> DatePatterns();
std::span<const NamedPattern> TimePatterns();

}  // namespace dq
