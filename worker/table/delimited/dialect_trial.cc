#include "worker/table/delimited/dialect_trial.h"

#include <algorithm>
#include <map>
#include <vector>

#include "worker/table/delimited/record_scanner.h"
#include "worker/table/values/ascii.h"
#include "worker/table/values/cell_shape.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr double kOneColumnWeight = 0.4;
constexpr size_t kCellsJudgedMax = 4096;
constexpr size_t kCellBytesJudged = 200;

// How much `cell` looks like a value, 0 to 1: numbers, dates, times, addresses and words do; what
// holds delimiters or quotes of other dialects does not.
double Plausibility(std::string_view cell) {
  cell = TrimSpace(cell.substr(0, kCellBytesJudged));
  if (cell.empty()) return 0.9;
  if (CellShapeOf(cell) != CellShape::kText) return 1;
  double plausible = cell.find("://") != std::string_view::npos ? 1 : 0.95;
  if ((cell.front() == '\'' && cell.back() == '\'') || cell.front() == '`') plausible = 0.5;
  for (const char c : cell) {
    if (IsLetterOrBeyond(c) || IsDigit(c)) continue;
    if (c == '"' || c == '\\' || c == '\t' || c == '|' || c == ';') return 0.3;
    if (c == ',') plausible = std::min(plausible, 0.6);
    if (static_cast<unsigned char>(c) < 0x20) return 0.1;
  }
  return plausible;
}

struct Tally {
  std::map<size_t, size_t> widths;
  size_t first_width = 0;
  size_t records = 0;
  size_t cells = 0;
  size_t later_cells = 0;
  size_t quoted = 0;
  size_t spaced = 0;
  double plausible = 0;
  double read = 0;   // Bytes that records were found in,
  double given = 0;  // of so many.
};

bool IsQuotedCell(const Dialect& dialect, const Record& record, std::string_view cell,
                  const char* data) {
  return dialect.quote != 0 && cell.data() > data + record.begin &&
         cell.data()[-1] == dialect.quote;
}

void TallyRecord(const Dialect& dialect, const Record& record, const char* data, Tally& tally) {
  ++tally.widths[record.cell_count];
  if (tally.first_width == 0) tally.first_width = record.cell_count;
  const size_t count = std::min(record.cells.size(), kCellsJudgedMax - tally.cells);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view cell = record.cells[i];
    ++tally.cells;
    if (IsQuotedCell(dialect, record, cell, data)) {
      ++tally.quoted;
      tally.plausible += 1;
    } else {
      tally.plausible += Plausibility(cell);
    }
    if (i == 0) continue;
    ++tally.later_cells;
    // The white space may have been taken away already.
    const char* before = cell.data();
    while (before > data + record.begin && *(before - 1) == dialect.quote) --before;
    if (before < data + record.end && (*before == ' ' || *(before - 1) == ' ')) ++tally.spaced;
  }
}

void TallyPiece(const Dialect& dialect, const SamplePiece& piece, Tally& tally) {
  RecordScanner scanner(dialect);
  scanner.Start(piece.bytes.data(), piece.bytes.size(),
                piece.ends_file ? RecordScanner::Tail::kLast : RecordScanner::Tail::kMoreMayCome);
  size_t records = 0;
  while (!scanner.AtEnd() && records < kTrialRecordsMax) {
    const ScanOutcome outcome = scanner.Next();
    if (outcome == ScanOutcome::kIncomplete) break;
    const Record& record = scanner.record();
    if (outcome == ScanOutcome::kComment || record.end == record.begin) continue;
    ++records;
    ++tally.records;
    if (outcome == ScanOutcome::kRecord) TallyRecord(dialect, record, piece.bytes.data(), tally);
  }
  tally.read += static_cast<double>(std::min(scanner.position(), piece.bytes.size()));
  // A record that does not end in the sample is one that may be read wrongly.
  tally.given +=
      static_cast<double>(records == kTrialRecordsMax ? scanner.position() : piece.bytes.size());
}

}  // namespace

TrialResult TryDialect(const Dialect& dialect, std::span<const SamplePiece> pieces) {
  Tally tally;
  for (const SamplePiece& piece : pieces) TallyPiece(dialect, piece, tally);
  TrialResult result;
  if (tally.records == 0 || tally.cells == 0) return result;
  result.width = tally.first_width;
  result.first_width = tally.first_width;
  for (const auto& [width, count] : tally.widths) {
    if (count > tally.widths[result.width]) result.width = width;
  }
  const auto cells = static_cast<double>(tally.cells);
  result.agree =
      static_cast<double>(tally.widths[result.width]) / static_cast<double>(tally.records);
  result.quoted = static_cast<double>(tally.quoted) / cells;
  if (tally.later_cells > 0) {
    result.spaced = static_cast<double>(tally.spaced) / static_cast<double>(tally.later_cells);
  }
  const auto width = static_cast<double>(result.width);
  const double columns = result.width < 2 ? kOneColumnWeight : (width - 1) / width;
  const double typed = tally.plausible / cells;
  result.score = result.agree * typed * columns * (tally.read / tally.given);
  return result;
}

}  // namespace dq
