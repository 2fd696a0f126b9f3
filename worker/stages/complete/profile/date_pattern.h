// Matches a text against a pattern of dates and times. Stateless; thread-safe.
#pragma once

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

}  // namespace dq
