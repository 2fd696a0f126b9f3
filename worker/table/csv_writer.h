// Writes rows as delimited text in a given dialect with the least quoting of RFC 4180: a cell is
// quoted when it holds the delimiter, the quote, the escape, a line feed or a carriage return, when
// it would begin a comment or, where space is no data, begins with space; so is the empty cell of a
// table of one column, which would be a blank line. Not thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "worker/table/dialect.h"
#include "worker/table/output_file.h"
#include "worker/table/row_batch.h"
#include "worker/table/row_sink.h"

namespace dq {

class CsvWriter final : public RowSink {
 public:
  // `file` must outlive the writer. Writes the byte order mark when the dialect has one.
  CsvWriter(OutputFile& file, const Dialect& dialect);

  // Adds one row, for example the header. UNSUPPORTED_FORMAT for a cell that needs quotes in a
  // dialect that has none.
  absl::Status Add(std::span<const std::string_view> cells) override;
  // Adds the rows of the batch that are not dropped.
  absl::Status AddBatch(const RowBatch& batch);

 private:
  bool NeedsQuotes(std::string_view cell) const;
  absl::Status AppendCell(std::string_view cell);
  void AppendQuoted(std::string_view cell);

  OutputFile& file_;
  Dialect dialect_;
  std::string_view line_end_;
};

}  // namespace dq
