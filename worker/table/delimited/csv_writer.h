// Writes single rows as delimited text to a file. Not thread-safe.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "common/base/status_macros.h"
#include "worker/table/bytes/output_file.h"
#include "worker/table/delimited/csv_formatter.h"
#include "worker/table/row_sink.h"

namespace dq {

class CsvWriter final : public RowSink {
 public:
  // `file` must outlive the writer. The header is the caller's to add.
  CsvWriter(OutputFile& file, const Dialect& dialect, FormulaGuard guard = FormulaGuard::kOff)
      : file_(file), formatter_(dialect, CsvHeader{}, CopyRows::kNo, guard) {}

  // Adds one row. UNSUPPORTED_FORMAT for a cell that needs quotes in a dialect that has none.
  absl::Status Add(std::span<const std::string_view> cells) override {
    DQ_RETURN_IF_ERROR(formatter_.AppendRow(file_.buffer(), cells));
    return file_.FlushIfFull();
  }

 private:
  OutputFile& file_;
  CsvFormatter formatter_;
};

}  // namespace dq
