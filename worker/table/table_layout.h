// Where the table is in a delimited text file: what comes before it, its header, its first row.
// Found from the first bytes, once its dialect is known. Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/table/bytes/file_form.h"
#include "worker/table/delimited/dialect.h"
#include "worker/table/delimited/dialect_choice.h"
#include "worker/table/delimited/dialect_detector.h"

namespace dq {

// A line before the table.
struct PreambleLine {
  int64_t byte = 0;  // Where it begins in the file.
  std::string content;
};

struct TableLayout {
  FileForm form;
  Dialect dialect;
  double confidence = 1;
  std::optional<Dialect> runner_up = {};
  double runner_up_confidence = 0;
  bool header = true;                        // Whether the names come from the file.
  double header_confidence = 1;              // How sure that is; 1 when it was said.
  std::vector<std::string> columns;          // As written, or "column_1" and so on.
  std::vector<std::string> header_row = {};  // Its cells, by which it is known again; or none.
  std::string header_text = {};        // Its bytes; empty when they may not be written as they are.
  std::vector<bool> text_columns;      // Of JSON Lines: columns with a text in them.
  size_t row_cells = 0;                // Rows of so many cells are whole: they miss only columns
                                       // that all rows miss. Never more than `columns`.
  int64_t data_offset = 0;             // Of the first row.
  std::vector<PreambleLine> preamble;  // Lines before the table that are not blank.
  std::vector<std::string> notes;      // What was assumed, a sentence each.
};

// Finds the table in `pieces`, the first of which begins with byte `offset` of the file, behind its
// byte order mark. nullopt: the beginning is too short to tell. A table begins with the first row
// that is as wide as most and not nearly empty; the row before it is taken for its header when it
// holds names and the first wide row holds values. A first row is the header unless its cells look
// like those below it. UNSUPPORTED_FORMAT: nothing but blank lines, or too many columns;
// PARSE_FAILED, ENCODING_INVALID: a header that cannot be read.
absl::StatusOr<std::optional<TableLayout>> FindTable(std::span<const SamplePiece> pieces,
                                                     int64_t offset, const DialectChoice& choice);

}  // namespace dq
