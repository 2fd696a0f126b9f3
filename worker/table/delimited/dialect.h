// How a delimited text file is written. Values only; thread-safe.
#pragma once

#include <string_view>

namespace dq {

inline constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

enum class LineEnd { kLf, kCrLf, kCr };

// Delimiter, quote, escape and comment are ASCII and different from each other.
struct Dialect {
  char delimiter = ',';
  char quote = '"';         // 0: quotes are data.
  char escape = 0;          // Makes the special byte behind it data; 0: quotes are doubled instead.
  char comment = 0;         // A line that begins with it is no row; 0: there are no comments.
  bool skip_space = false;  // White space behind a delimiter and around quotes is no data.
  LineEnd line_end = LineEnd::kLf;
  bool bom = false;

  bool operator==(const Dialect&) const = default;
};

// "\n", "\r\n" or "\r".
std::string_view LineEndText(LineEnd line_end);

}  // namespace dq
