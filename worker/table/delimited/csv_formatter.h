// Formats rows as delimited text in a given dialect with the least quoting of RFC 4180: a cell is
// quoted when it holds the delimiter, the quote, the escape, a line feed or a carriage return, when
// it would begin a comment or, where space is no data, begins with space; so is the empty cell of a
// table of one column, which would be a blank line. Rows whose text is known are copied, and where
// a cell was changed those that were in quotes stay in quotes. Immutable but for a count;
// thread-safe.
#pragma once

#include <emmintrin.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "worker/table/delimited/dialect.h"
#include "worker/table/delimited/formula_guard.h"
#include "worker/table/row_formatter.h"

namespace dq {

// Whether rows whose text is known are copied: not where they were written in another dialect.
enum class CopyRows { kYes, kNo };

// The names of the columns; none: there is to be no header. And their text, where it is known.
struct CsvHeader {
  std::vector<std::string> names = {};
  std::string text = {};
};

class CsvFormatter final : public RowFormatter {
 public:
  CsvFormatter(const Dialect& dialect, CsvHeader header, CopyRows copy = CopyRows::kYes,
               FormulaGuard guard = FormulaGuard::kOff);

  // The byte order mark, when the dialect has one, and the header.
  absl::Status AppendHeader(std::string& out) const override;
  // UNSUPPORTED_FORMAT for a cell that needs quotes in a dialect that has none.
  absl::Status AppendRows(std::string& out, const RowBatch& batch, size_t begin,
                          size_t end) const override;
  // Appends one row, guarded too; the same error.
  absl::Status AppendRow(std::string& out, std::span<const std::string_view> cells) const;
  int64_t cells_guarded() const override { return guarded_.load(std::memory_order_relaxed); }

 private:
  absl::Status AppendCells(std::string& out, std::span<const std::string_view> cells,
                           std::string_view source = {}) const;
  bool TakeQuotedCell(std::string_view& source) const;
  // Bytes that a cell without quotes does not hold, each 16 times.
  struct QuotedBytes {
    __m128i delimiter, quote, escape, line_feed, carriage_return;
  };

  static QuotedBytes FindQuotedBytes(const Dialect& dialect);
  char* PutPlain(char* out, std::string_view cell) const;
  char* PutCell(char* out, std::string_view cell) const;
  char* PutQuoted(char* out, std::string_view cell) const;

  Dialect dialect_;
  QuotedBytes quoted_bytes_;
  std::string_view line_end_;
  CsvHeader header_;
  CopyRows copy_;
  FormulaGuard guard_;
  mutable std::atomic<int64_t> guarded_{0};
};

}  // namespace dq
