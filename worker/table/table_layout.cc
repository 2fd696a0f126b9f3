#include "worker/table/table_layout.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/utf8.h"
#include "worker/table/delimited/header_evidence.h"
#include "worker/table/delimited/record_scanner.h"
#include "worker/table/values/cell_shape.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kRecordsMax = 300;    // That are looked at.
constexpr size_t kRowsBelowMax = 100;  // That a header is compared with.
constexpr size_t kSparseDivisor = 3;
constexpr size_t kPreambleRowsMax = 20;  // As wide as the table, but nearly empty.
constexpr size_t kRunRowsMin = 3;
constexpr size_t kRunPercent = 15;

// Whether `cell` is the whole number behind `before`.
bool CountsOn(std::string_view before, std::string_view cell) {
  int64_t numbers[2] = {0, 0};
  const std::string_view texts[2] = {TrimSpace(before), TrimSpace(cell)};
  for (const size_t i : {0, 1}) {
    const char* const end = texts[i].data() + texts[i].size();
    const auto [stop, error] = std::from_chars(texts[i].data(), end, numbers[i]);
    if (error != std::errc() || stop != end) return false;
  }
  return numbers[0] < numbers[1] && numbers[1] - 1 == numbers[0];
}

// One record of the sample that is not blank.
struct SampledRecord {
  size_t begin = 0;
  size_t end = 0;
  size_t next = 0;
  ScanOutcome outcome = ScanOutcome::kRecord;
  BadRow bad = BadRow::kNone;
  size_t defect = 0;
  size_t cell_count = 0;
  bool plain = false;
  RowText cells = {};

  size_t Held() const {
    return static_cast<size_t>(std::count_if(cells.begin(), cells.end(), [](const auto& cell) {
      return CellShapeOf(cell) != CellShape::kEmpty;
    }));
  }
};

std::vector<SampledRecord> ReadRecords(const Dialect& dialect, const SamplePiece& piece,
                                       size_t from) {
  RecordScanner scanner(dialect);
  scanner.Start(piece.bytes.data() + from, piece.bytes.size() - from,
                piece.ends_file ? RecordScanner::Tail::kLast : RecordScanner::Tail::kMoreMayCome);
  std::vector<SampledRecord> records;
  while (!scanner.AtEnd() && records.size() < kRecordsMax) {
    const ScanOutcome outcome = scanner.Next();
    if (outcome == ScanOutcome::kIncomplete) break;
    const Record& record = scanner.record();
    if (record.begin == record.end) continue;
    SampledRecord sampled{.begin = from + record.begin,
                          .end = from + record.end,
                          .next = std::min(from + record.next, piece.bytes.size()),
                          .outcome = outcome,
                          .bad = record.bad,
                          .defect = from + record.defect,
                          .cell_count = record.cell_count,
                          .plain = outcome == ScanOutcome::kRecord && record.plain};
    if (outcome == ScanOutcome::kRecord) sampled.cells = scanner.ResolvedCells();
    records.push_back(std::move(sampled));
  }
  return records;
}

// The cells of a line with a stray quote: quotes that do not enclose a whole cell are data.
RowText LenientCells(const Dialect& dialect, std::string_view line) {
  RowText cells;
  while (true) {
    size_t end = line.find(dialect.delimiter);
    if (!line.empty() && line.front() == dialect.quote) {
      const size_t close = line.find(dialect.quote, 1);
      const size_t after = close == std::string_view::npos ? close : close + 1;
      if (after == line.size() || (after < line.size() && line[after] == dialect.delimiter)) {
        end = after == line.size() ? std::string_view::npos : after;
      }
    }
    std::string_view cell = line.substr(0, end);
    if (cell.size() >= 2 && cell.front() == dialect.quote && cell.back() == dialect.quote) {
      cell = cell.substr(1, cell.size() - 2);
    }
    cells.emplace_back(cell);
    if (end == std::string_view::npos) return cells;
    line.remove_prefix(end + 1);
  }
}

absl::Status CheckWidth(std::string_view what, size_t columns) {
  if (columns <= kColumnsMax) return absl::OkStatus();
  return UnsupportedFormat(std::string(what) + " " + std::to_string(columns) +
                           " columns; the limit is " + std::to_string(kColumnsMax));
}

// Where the line after the first `lines` lines begins; npos when there are not so many.
size_t SkipLines(std::string_view text, int64_t lines, LineEnd line_end) {
  const char last = line_end == LineEnd::kCr ? '\r' : '\n';
  size_t at = 0;
  for (; lines > 0; --lines) {
    const size_t end = text.find(last, at);
    if (end == std::string_view::npos) return end;
    at = end + 1;
  }
  return at;
}

class TableFinder {
 public:
  TableFinder(const SamplePiece& piece, int64_t offset, const DialectChoice& choice,
              const DetectedDialect& detected)
      : piece_(piece), offset_(offset), choice_(choice), width_(detected.width) {
    layout_.dialect = detected.dialect;
    layout_.confidence = detected.confidence;
    layout_.runner_up = detected.runner_up;
    layout_.runner_up_confidence = detected.runner_up_confidence;
  }

  absl::StatusOr<std::optional<TableLayout>> Find();

 private:
  void FindComments();
  size_t FirstWide() const;
  void SettleWidth();
  bool IsWide(const SampledRecord& record) const {
    return record.outcome == ScanOutcome::kRecord && record.cell_count == width_;
  }
  bool IsNarrowHeader(size_t before, size_t wide);
  RowText CellsOf(const SampledRecord& record) const;
  std::vector<RowText> RowsFrom(size_t record) const;
  absl::Status TakeHeader(size_t record);
  absl::Status CheckHeader(const SampledRecord& record) const;
  std::vector<RowText> RowsBelow(size_t header);
  void FitHeader(size_t record);
  void NoteNames();
  void NameColumns();
  void SetAside(size_t records);
  void SetAsideLines(size_t end);
  int64_t ByteOf(size_t at) const { return offset_ + static_cast<int64_t>(at); }

  const SamplePiece& piece_;
  int64_t offset_;
  const DialectChoice& choice_;
  size_t width_;
  std::vector<SampledRecord> records_;
  TableLayout layout_;
};

absl::StatusOr<std::optional<TableLayout>> TableFinder::Find() {
  size_t from = 0;
  if (choice_.skip_lines.value_or(0) > 0) {
    from = SkipLines(piece_.bytes, *choice_.skip_lines, layout_.dialect.line_end);
    if (from == std::string_view::npos && !piece_.ends_file) return std::nullopt;
    from = std::min(from, piece_.bytes.size());
    SetAsideLines(from);
  }
  records_ = ReadRecords(layout_.dialect, piece_, from);
  FindComments();
  if (records_.empty()) {
    if (!piece_.ends_file) return std::nullopt;
    return UnsupportedFormat("the file is empty: it has not even a header row");
  }
  if (width_ > 1) SettleWidth();
  size_t first = 0;
  if (!choice_.skip_lines.has_value() && width_ > 1) {
    const size_t wide = FirstWide();
    first = wide;
    if (wide > 0 && wide < records_.size() && IsNarrowHeader(wide - 1, wide)) first = wide - 1;
    if (wide == records_.size()) first = 0;
  }
  while (first + 1 < records_.size() && records_[first].outcome == ScanOutcome::kComment) ++first;
  SetAside(first);
  const HeaderEvidence evidence = JudgeHeader(records_[first].cells, RowsFrom(first + 1));
  const bool names = choice_.header.value_or(!IsWide(records_[first]) || !evidence.IsData());
  if (!choice_.header.has_value()) {
    const bool against = names == evidence.IsData();
    layout_.header_confidence = against ? 1 - evidence.Confidence() : evidence.Confidence();
  }
  layout_.header = names;
  layout_.row_cells = width_;
  if (names) {
    DQ_RETURN_IF_ERROR(TakeHeader(first));
    DQ_RETURN_IF_ERROR(CheckWidth("the rows have", layout_.columns.size()));
  } else {
    DQ_RETURN_IF_ERROR(CheckWidth("the rows have", width_));
    layout_.data_offset = ByteOf(records_[first].begin);
    layout_.columns.resize(std::max(width_, size_t{1}));
    layout_.row_cells = layout_.columns.size();
    NameColumns();
    layout_.notes.push_back("The file has no header row; the columns are called column_1 and on.");
  }
  return std::move(layout_);
}

// Lines that begin with a number sign and are not rows are comments when some come behind rows.
void TableFinder::FindComments() {
  if (choice_.comment.has_value() || layout_.dialect.delimiter == '#') return;
  bool after_rows = false;
  bool found = false;
  for (const SampledRecord& record : records_) {
    const bool row = record.outcome == ScanOutcome::kRecord && record.cell_count == width_;
    const bool marked = piece_.bytes[record.begin] == '#';
    if (marked && row) return;
    found |= marked && after_rows;
    after_rows |= row;
  }
  if (!found || width_ < 2) return;
  layout_.dialect.comment = '#';
  for (SampledRecord& record : records_) {
    if (piece_.bytes[record.begin] != '#') continue;
    record.outcome = ScanOutcome::kComment;
    record.cell_count = 0;
  }
}

// Of several tables in the file the first is read: a run of equally wide rows that is not short.
void TableFinder::SettleWidth() {
  const size_t enough = std::max(kRunRowsMin, records_.size() * kRunPercent / 100);
  size_t run = 0;
  size_t wide = 0;
  for (const SampledRecord& record : records_) {
    const bool same = record.outcome == ScanOutcome::kRecord && record.cell_count == wide;
    run = same ? run + 1 : 1;
    wide = record.outcome == ScanOutcome::kRecord ? record.cell_count : 0;
    if (run >= enough && wide > 1) {
      width_ = wide;
      return;
    }
  }
}

// The first record that is as wide as most and not nearly empty beside the header behind it.
size_t TableFinder::FirstWide() const {
  size_t first = records_.size();
  size_t most = 0;
  size_t seen = 0;
  for (size_t i = 0; i < records_.size(); ++i) {
    if (!IsWide(records_[i])) continue;
    first = std::min(first, i);
    most = std::max(most, records_[i].Held());
    if (++seen > kPreambleRowsMax) break;
  }
  const auto sparse = [&](size_t i) { return records_[i].Held() * kSparseDivisor <= most; };
  if (first == records_.size() || !(sparse(first) || records_[first].Held() * 2 <= most)) {
    return first;
  }
  bool gap = false;
  for (size_t i = first; i < std::min(records_.size(), first + kPreambleRowsMax); ++i) {
    if (!IsWide(records_[i])) continue;
    const size_t held = records_[i].Held();
    gap |= held == 0;
    if (held * kSparseDivisor > most && (gap || held * 2 > most)) {
      return held * 3 >= most * 2 && CouldBeNames(records_[i].cells) ? i : first;
    }
  }
  return first;
}

// Whether the record before the first wide one is its header, of another width or with a stray
// quote, and not a line of a preamble.
bool TableFinder::IsNarrowHeader(size_t before, size_t wide) {
  const SampledRecord& record = records_[before];
  if (record.outcome == ScanOutcome::kComment || width_ < 2) return false;
  const RowText cells = CellsOf(record);
  if (!CouldBeNames(cells) || cells.size() < 2) return false;
  const HeaderEvidence below = JudgeHeader(records_[wide].cells, RowsFrom(wide + 1));
  if (below.names > 0) return false;
  const size_t most = std::max(cells.size(), width_);
  const size_t difference = most - std::min(cells.size(), width_);
  if (below.values >= 1) return difference * 2 <= most;
  return difference <= 1 && (width_ >= 4 || record.outcome == ScanOutcome::kBad);
}

RowText TableFinder::CellsOf(const SampledRecord& record) const {
  if (record.outcome == ScanOutcome::kRecord) return record.cells;
  return LenientCells(layout_.dialect,
                      piece_.bytes.substr(record.begin, record.end - record.begin));
}

std::vector<RowText> TableFinder::RowsFrom(size_t record) const {
  std::vector<RowText> rows;
  for (; record < records_.size() && rows.size() < kRowsBelowMax; ++record) {
    if (IsWide(records_[record])) rows.push_back(records_[record].cells);
  }
  return rows;
}

absl::Status TableFinder::TakeHeader(size_t record) {
  const SampledRecord& header = records_[record];
  layout_.columns = CellsOf(header);
  DQ_RETURN_IF_ERROR(CheckHeader(header));
  if (header.Held() > 1) layout_.header_row = header.cells;
  if (header.bad != BadRow::kNone) {
    layout_.notes.push_back("The header has a stray quote, which was taken as part of a name.");
  }
  FitHeader(record);
  if (header.plain && layout_.columns == header.cells) {
    layout_.header_text = piece_.bytes.substr(header.begin, header.end - header.begin);
  }
  NoteNames();
  layout_.data_offset = ByteOf(header.next);
  return absl::OkStatus();
}

absl::Status TableFinder::CheckHeader(const SampledRecord& header) const {
  DQ_RETURN_IF_ERROR(
      CheckWidth("the header has", std::max(header.cell_count, layout_.columns.size())));
  const bool mendable =
      header.bad == BadRow::kTextAfterQuote || header.bad == BadRow::kUnterminatedQuote;
  const size_t most = std::max(layout_.columns.size(), width_);
  const bool fits = mendable && records_.size() > 1 && layout_.columns.size() > 1 &&
                    most - std::min(layout_.columns.size(), width_) <= 1;
  const FilePlace place{.byte = ByteOf(header.bad == BadRow::kNone ? header.begin : header.defect)};
  const bool nul =
      std::any_of(layout_.columns.begin(), layout_.columns.end(),
                  [](const std::string& name) { return name.find('\0') != std::string::npos; });
  if (nul || (header.bad != BadRow::kNone && !fits)) {
    return ParseFailed(nul || header.bad == BadRow::kNulByte
                           ? "the header is not well formed: it has a NUL byte"
                           : "the header is not well formed: it has a stray quote",
                       place);
  }
  for (const std::string& name : layout_.columns) {
    if (FindInvalidUtf8(name) == std::string_view::npos) continue;
    return EncodingInvalid("the header is not UTF-8; name the encoding of the file", place);
  }
  return absl::OkStatus();
}

// The rows that a header has to fit: those that are as wide as most; a single one counts when what
// it has more than the header is empty.
std::vector<RowText> TableFinder::RowsBelow(size_t header) {
  if (header + 2 == records_.size() && records_.back().outcome == ScanOutcome::kRecord) {
    const RowText& only = records_.back().cells;
    bool empty = only.size() > layout_.columns.size();
    for (size_t i = layout_.columns.size(); i < only.size(); ++i) {
      empty &= CellShapeOf(only[i]) == CellShape::kEmpty;
    }
    if (empty) width_ = only.size();
    if (!empty) return {};
  }
  std::vector<RowText> rows = RowsFrom(header + 1);
  if (header + 2 < records_.size() && rows.size() < 2) rows.clear();
  return rows;
}

// Makes a header fit rows that agree on another width.
void TableFinder::FitHeader(size_t record) {
  std::vector<std::string>& names = layout_.columns;
  const std::vector<RowText> rows = RowsBelow(record);
  if (rows.empty() || names.size() == width_ || width_ < 2) {
    layout_.row_cells = names.size();
    return;
  }
  const std::string told = "The header has " + std::to_string(names.size()) +
                           " names and the rows have " + std::to_string(width_) + " cells; ";
  for (size_t i = names.size(); i-- > 0 && names.size() > width_;) {
    if (names[i].empty()) names.erase(names.begin() + static_cast<ptrdiff_t>(i));
  }
  if (names.size() > width_) {
    layout_.notes.push_back(told + "the last columns are empty.");
  } else if (names.size() == width_) {
    layout_.notes.push_back(told + "empty names were left out.");
  } else {
    bool counted = names.size() + 1 == width_;
    bool ends_empty = true;  // As when every row has a delimiter at its end.
    for (size_t i = 0; i < rows.size(); ++i) {
      counted &= i == 0 || CountsOn(rows[i - 1][0], rows[i][0]);
      ends_empty &= rows[i].back().empty();
    }
    counted &= !ends_empty;
    names.insert(counted ? names.begin() : names.end(), width_ - names.size(), "");
    NameColumns();
    layout_.notes.push_back(told + (counted ? "the first column, a count, is called column_1."
                                            : "the last columns are called after their places."));
  }
  layout_.row_cells = width_;
}

// Tells of columns that their names do not tell apart.
void TableFinder::NoteNames() {
  const std::vector<std::string>& names = layout_.columns;
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  const auto named = std::upper_bound(sorted.begin(), sorted.end(), std::string_view());
  const auto again = std::adjacent_find(named, sorted.end());
  const auto empty = named - sorted.begin();
  if (empty > 0) {
    layout_.notes.push_back("The header has " + std::to_string(empty) +
                            (empty > 1 ? " empty names" : " empty name") +
                            "; where a format needs one, the column is called after its place.");
  }
  if (again == sorted.end()) return;
  layout_.notes.push_back("The header has a name more than once (\"" + std::string(*again) +
                          "\"); such columns cannot be named in options, and where a format needs "
                          "different names, those behind the first are numbered.");
}

// Gives columns without a name one after their place.
void TableFinder::NameColumns() {
  for (size_t i = 0; i < layout_.columns.size(); ++i) {
    if (layout_.columns[i].empty()) layout_.columns[i] = "column_" + std::to_string(i + 1);
  }
}

void TableFinder::SetAside(size_t records) {
  for (size_t i = 0; i < records; ++i) {
    const SampledRecord& record = records_[i];
    layout_.preamble.push_back(
        {ByteOf(record.begin),
         std::string(piece_.bytes.substr(record.begin, record.end - record.begin))});
  }
}

void TableFinder::SetAsideLines(size_t end) {
  for (size_t at = 0; at < end;) {
    const size_t stop = std::min(piece_.bytes.find_first_of("\r\n", at), end);
    if (stop > at) {
      layout_.preamble.push_back({ByteOf(at), std::string(piece_.bytes.substr(at, stop - at))});
    }
    at = stop + 1;
  }
}

}  // namespace

absl::StatusOr<std::optional<TableLayout>> FindTable(std::span<const SamplePiece> pieces,
                                                     int64_t offset, const DialectChoice& choice) {
  const SamplePiece& start = pieces.front();
  if (start.bytes.find_first_not_of("\r\n") == std::string_view::npos) {
    if (!start.ends_file) return std::nullopt;
    return UnsupportedFormat("the file is empty: it has not even a header row");
  }
  TableFinder finder(start, offset, choice, DetectDialect(pieces, choice));
  return finder.Find();
}

}  // namespace dq
