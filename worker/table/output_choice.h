// What is asked for about the form of the cleaned file. Values only.
#pragma once

#include <optional>

#include "worker/table/bytes/file_form.h"
#include "worker/table/delimited/formula_guard.h"

namespace dq {

// The forms a table can be written in besides that of its input.
enum class OutputFormat {
  kSame,       // As the input: its format, dialect and header; always as UTF-8.
  kCsv,        // RFC 4180: comma, doubled quotes, header as the input, LF.
  kTsv,        // The same with tabs.
  kJsonLines,  // An object a line; an empty cell is null.
};

struct OutputChoice {
  OutputFormat format = OutputFormat::kSame;
  Compression compression = Compression::kNone;
  FormulaGuard formula_guard = FormulaGuard::kOff;  // Of all delimited files of a chain.
  bool operator==(const OutputChoice&) const = default;
};

}  // namespace dq
