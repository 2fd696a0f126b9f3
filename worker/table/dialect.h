// How a delimited text file is written, and how that is found out. Stateless; thread-safe.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"

namespace dq {

// A sample begins with the one and doubles until it is enough, up to the other.
inline constexpr size_t kDialectSampleBytes = size_t{64} << 10;
inline constexpr size_t kDialectSampleBytesMax = size_t{16} << 20;
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
  double confidence = 1;  // 0 to 1: the share of the sample's records that agree.

  // Whether a byte is quoted exactly when the number of quotes before it is odd, which lets
  // structure be found without looking at one byte after the other.
  bool HasParityQuotes() const { return quote != 0 && escape == 0 && comment == 0 && !skip_space; }
};

// "\n", "\r\n" or "\r".
std::string_view LineEndText(LineEnd line_end);

// What a sample is: bytes may follow it or not.
enum class Sample { kWhole, kBeginning };

// Whether the first bytes of a file are enough to judge it by: some lines that are not blank, the
// first of which is the header.
bool IsEnoughSample(std::string_view bytes);

// Finds the dialect from the first bytes of a file. Delimiters are comma, semicolon, tab and bar:
// the one with which most records have as many cells as the header, then the one that gives more
// cells. One column: a comma of confidence 0.5. UNSUPPORTED_FORMAT for nothing but blank lines, for
// UTF-16 and for compressed or binary containers.
absl::StatusOr<Dialect> DetectDialect(std::string_view bytes, Sample sample = Sample::kWhole);

}  // namespace dq
