#include "worker/table/csv_writer.h"

#include "common/base/status_macros.h"
#include "worker/table/escape.h"
#include "worker/table/file_error.h"

namespace dq {
namespace {

constexpr size_t kCellBytesShown = 100;

}  // namespace

CsvWriter::CsvWriter(OutputFile& file, const Dialect& dialect)
    : file_(file), dialect_(dialect), line_end_(LineEndText(dialect.line_end)) {
  if (dialect.bom) file_.buffer() += kUtf8Bom;
}

absl::Status CsvWriter::Add(std::span<const std::string_view> cells) {
  std::string& out = file_.buffer();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += dialect_.delimiter;
    if (i > 0 && dialect_.skip_space) out += ' ';
    DQ_RETURN_IF_ERROR(AppendCell(cells[i]));
  }
  if (cells.size() == 1 && cells[0].empty() && dialect_.quote != 0) out.append(2, dialect_.quote);
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
  if (cell.empty()) return false;
  if (dialect_.comment != 0 && cell.front() == dialect_.comment) return true;
  if (dialect_.skip_space && (cell.front() == ' ' || cell.front() == '\t')) return true;
  for (const char c : cell) {
    if (c == dialect_.delimiter || c == '\n' || c == '\r') return true;
    if ((c == dialect_.quote || c == dialect_.escape) && c != 0) return true;
  }
  return false;
}

absl::Status CsvWriter::AppendCell(std::string_view cell) {
  if (!NeedsQuotes(cell)) {
    file_.buffer() += cell;
  } else if (dialect_.quote != 0) {
    AppendQuoted(cell);
  } else {
    return UnsupportedFormat("a cell needs quotes, and the output has none by choice: \"" +
                             EscapeUnprintable(cell.substr(0, kCellBytesShown)) + "\"");
  }
  return absl::OkStatus();
}

void CsvWriter::AppendQuoted(std::string_view cell) {
  std::string& out = file_.buffer();
  const char escape = dialect_.escape != 0 ? dialect_.escape : dialect_.quote;
  out += dialect_.quote;
  for (const char c : cell) {
    if (c == dialect_.quote || (c == dialect_.escape && c != 0)) out += escape;
    out += c;
  }
  out += dialect_.quote;
}

}  // namespace dq
