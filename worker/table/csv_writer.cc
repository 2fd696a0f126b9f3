#include "worker/table/csv_writer.h"

#include "common/base/status_macros.h"

namespace dq {

CsvWriter::CsvWriter(OutputFile& file, const Dialect& dialect)
    : file_(file), dialect_(dialect), line_end_(LineEndText(dialect.line_end)) {
  if (dialect.bom) file_.buffer() += kUtf8Bom;
}

absl::Status CsvWriter::Add(std::span<const std::string_view> cells) {
  std::string& out = file_.buffer();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += dialect_.delimiter;
    AppendCell(cells[i]);
  }
  if (cells.size() == 1 && cells[0].empty()) out.append(2, dialect_.quote);
  out += line_end_;
  return file_.FlushIfFull();
}

absl::Status CsvWriter::AddBatch(const RowBatch& batch) {
  std::vector<std::string_view> cells(batch.column_count());
  for (size_t row = 0; row < batch.row_count(); ++row) {
    const RowInfo& info = batch.row(row);
    if (info.dropped) continue;
    if (!info.source.empty()) {
      file_.buffer().append(info.source);
      file_.buffer().append(line_end_);
      DQ_RETURN_IF_ERROR(file_.FlushIfFull());
      continue;
    }
    for (size_t column = 0; column < cells.size(); ++column)
      cells[column] = batch.cell(row, column);
    DQ_RETURN_IF_ERROR(Add(cells));
  }
  return absl::OkStatus();
}

bool CsvWriter::NeedsQuotes(std::string_view cell) const {
  for (const char c : cell) {
    if (c == dialect_.delimiter || c == dialect_.quote || c == '\n' || c == '\r') return true;
  }
  return false;
}

void CsvWriter::AppendCell(std::string_view cell) {
  std::string& out = file_.buffer();
  if (!NeedsQuotes(cell)) {
    out += cell;
    return;
  }
  out += dialect_.quote;
  for (const char c : cell) {
    if (c == dialect_.quote) out += c;
    out += c;
  }
  out += dialect_.quote;
}

}  // namespace dq
