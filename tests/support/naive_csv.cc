#include "tests/support/naive_csv.h"

#include <algorithm>

#include "worker/table/bytes/utf8.h"
#include "worker/table/reject_content.h"

namespace dq {
namespace {

struct NaiveRecord {
  std::vector<std::string> cells;
  size_t end = 0;   // Line end not included.
  size_t next = 0;  // Where the next one begins.
  BadRow bad = BadRow::kNone;
};

class NaiveReader {
 public:
  NaiveReader(std::string_view text, const Dialect& dialect) : text_(text), dialect_(dialect) {}

  bool IsComment(size_t at) const { return Is(at, dialect_.comment); }
  // The line that begins at `begin`, whatever it holds.
  NaiveRecord Line(size_t begin) const {
    NaiveRecord line;
    size_t end = begin;
    while (end < text_.size() && !IsLineEnd(end)) ++end;
    line.next = end + 1;
    line.end = EndsWithCr(begin, end) ? end - 1 : end;
    return line;
  }
  NaiveRecord Read(size_t begin) const;

 private:
  bool Is(size_t at, char sign) const {
    return sign != 0 && at < text_.size() && text_[at] == sign;
  }
  bool IsLineEnd(size_t at) const {
    return text_[at] == (dialect_.line_end == LineEnd::kCr ? '\r' : '\n');
  }
  // Whether a carriage return belongs to the line end at `end`.
  bool EndsWithCr(size_t begin, size_t end) const {
    return end < text_.size() && text_[end] == '\n' && end > begin && text_[end - 1] == '\r';
  }
  bool Escapes(size_t at) const {
    return Is(at, dialect_.escape) &&
           (Is(at + 1, dialect_.escape) || Is(at + 1, dialect_.delimiter) ||
            Is(at + 1, dialect_.quote));
  }
  size_t SkipSpace(size_t at) const {
    while (dialect_.skip_space && !Is(at, dialect_.delimiter) && (Is(at, ' ') || Is(at, '\t')))
      ++at;
    return at;
  }
  size_t ReadPlain(size_t at, NaiveRecord& record) const;
  size_t ReadQuoted(size_t at, NaiveRecord& record) const;

  std::string_view text_;
  const Dialect& dialect_;
};

// Reads a cell; returns where its delimiter is, or kLineDone when the record ends behind it.
constexpr size_t kLineDone = std::string_view::npos;

size_t NaiveReader::ReadPlain(size_t at, NaiveRecord& record) const {
  const size_t begin = at;
  std::string cell;
  for (; at < text_.size() && !Is(at, dialect_.delimiter) && !IsLineEnd(at); ++at) {
    if (text_[at] == '\0' && record.bad == BadRow::kNone) record.bad = BadRow::kNulByte;
    if (Escapes(at)) ++at;
    cell += text_[at];
  }
  record.end = at;
  const bool cr_at_end = at == text_.size() && dialect_.line_end == LineEnd::kCrLf && at > begin &&
                         text_[at - 1] == '\r';
  if (EndsWithCr(begin, at) || cr_at_end) {
    cell.pop_back();
    --record.end;
  }
  record.cells.push_back(cell);
  if (Is(at, dialect_.delimiter)) return at;
  record.next = at == text_.size() ? at : at + 1;
  return kLineDone;
}

size_t NaiveReader::ReadQuoted(size_t at, NaiveRecord& record) const {
  std::string cell;
  for (++at;; ++at) {
    if (at >= text_.size()) {
      record.bad = BadRow::kUnterminatedQuote;
      return kLineDone;
    }
    if (text_[at] == '\0' && record.bad == BadRow::kNone) record.bad = BadRow::kNulByte;
    if (Escapes(at) || (Is(at, dialect_.quote) && Is(at + 1, dialect_.quote))) {
      ++at;
    } else if (Is(at, dialect_.quote)) {
      break;
    }
    cell += text_[at];
  }
  record.cells.push_back(cell);
  record.end = at + 1;
  at = SkipSpace(at + 1);
  if (Is(at, dialect_.delimiter)) return at;
  if (Is(at, '\r') && !IsLineEnd(at)) ++at;
  record.next = at + 1;
  if (at < text_.size() && !IsLineEnd(at)) record.bad = BadRow::kTextAfterQuote;
  return kLineDone;
}

NaiveRecord NaiveReader::Read(size_t begin) const {
  NaiveRecord record;
  for (size_t at = begin; at != kLineDone;) {
    at = SkipSpace(at);
    at = Is(at, dialect_.quote) ? ReadQuoted(at, record) : ReadPlain(at, record);
    if (at != kLineDone) ++at;
  }
  if (record.bad == BadRow::kUnterminatedQuote || record.bad == BadRow::kTextAfterQuote) {
    const BadRow bad = record.bad;
    record = Line(begin);
    record.bad = bad;
  }
  return record;
}

// Whether the row is the header again, the first cell perhaps behind a byte order mark.
bool RepeatsHeader(const NaiveRecord& record, const TableLayout& layout) {
  if (layout.header_row.empty()) return false;
  std::vector<std::string> cells = record.cells;
  if (cells[0] != layout.header_row[0] && cells[0].starts_with(kUtf8Bom)) {
    cells[0].erase(0, kUtf8Bom.size());
    const char quote = layout.dialect.quote;
    if (quote != 0 && cells[0].size() >= 2 && cells[0].front() == quote &&
        cells[0].back() == quote) {
      cells[0] = cells[0].substr(1, cells[0].size() - 2);
    }
  }
  return cells == layout.header_row;
}

BadRow Judge(const NaiveRecord& record, std::string_view bytes, const TableLayout& layout) {
  if (record.bad != BadRow::kNone) return record.bad;
  if (FindInvalidUtf8(bytes) != std::string_view::npos) return BadRow::kInvalidUtf8;
  if (RepeatsHeader(record, layout)) return BadRow::kRepeatedHeader;
  return record.cells.size() == layout.columns.size() ? BadRow::kNone : BadRow::kRagged;
}

}  // namespace

NaiveTable ReadNaively(std::string_view text, const TableLayout& layout, BadRowPolicy on_bad_row) {
  const NaiveReader reader(text, layout.dialect);
  const size_t columns = layout.columns.size();
  NaiveTable table;
  const auto set_aside = [&](const std::string& row, size_t at, std::string_view reason,
                             std::string_view bytes) {
    table.rejects.push_back({row, std::to_string(at), std::string(reason), RejectContent(bytes)});
  };
  for (const PreambleLine& line : layout.preamble) {
    set_aside("", static_cast<size_t>(line.byte), "preamble", line.content);
  }
  NaiveRecord record;
  for (auto at = static_cast<size_t>(layout.data_offset); at < text.size(); at = record.next) {
    const bool comment = reader.IsComment(at);
    record = comment ? reader.Line(at) : reader.Read(at);
    const std::string_view bytes = text.substr(at, record.end - at);
    if (comment) {
      ++table.comment_lines;
      set_aside("", at, "comment", bytes);
    } else if (bytes.empty() && columns > 1) {
      ++table.blank_lines;
    } else {
      ++table.rows_read;
      const BadRow bad = Judge(record, bytes, layout);
      const size_t cells = record.cells.size();
      const bool short_row = on_bad_row == BadRowPolicy::kPad && cells < columns;
      const bool pad = bad == BadRow::kRagged && (cells == layout.row_cells || short_row);
      if (bad != BadRow::kNone && !pad) {
        set_aside(std::to_string(table.rows_read), at, BadRowName(bad), bytes);
        continue;
      }
      table.padded += pad ? 1 : 0;
      record.cells.resize(columns);
      table.rows.push_back(record.cells);
      table.numbers.push_back(table.rows_read);
    }
  }
  return table;
}

}  // namespace dq
