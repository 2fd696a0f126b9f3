// Finds out how a delimited text file is written, from pieces of it. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "worker/table/delimited/dialect.h"
#include "worker/table/delimited/dialect_choice.h"
#include "worker/table/delimited/dialect_trial.h"

namespace dq {

struct DetectedDialect {
  Dialect dialect;
  size_t width = 1;       // Cells of most rows.
  double confidence = 1;  // 0 to 1: the share of rows that agree, less with a close runner-up.
  std::optional<Dialect> runner_up = {};  // The second best, when it explains anything.
  double runner_up_confidence = 0;
};

// Finds what `choice` leaves open. The first piece is the beginning of the file without its byte
// order mark. All dialects are tried whose bytes occur often enough: any ASCII character that is
// neither letter, digit, full stop, backslash nor one of the quotes as delimiter, four quotes,
// backslash escapes, white space behind delimiters. The one of the best score wins, the more usual
// one among equals. One column only: a comma of confidence 0.5. No character gets two meanings,
// whatever was said by hand. Comments are for the table's layout to find.
DetectedDialect DetectDialect(std::span<const SamplePiece> pieces, const DialectChoice& choice);

}  // namespace dq
