#include "tests/fuzz/fuzz_structure_targets.h"

#include <array>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_checks.h"
#include "tests/support/memory_file.h"
#include "tests/support/naive_csv.h"
#include "tests/support/read_pass.h"
#include "worker/table/delimited/csv_reader.h"
#include "worker/table/delimited/structural_index.h"
#include "worker/table/table_layout.h"

namespace dq {
namespace {

constexpr size_t kSetupBytes = 4;
constexpr size_t kPiecesMax = 3;
constexpr char kPieceEnd = '\x1E';

char OneOf(std::string_view characters, char chosen) {
  return characters[static_cast<unsigned char>(chosen) % characters.size()];
}

DialectChoice DialectOf(std::string_view setup) {
  DialectChoice dialect{.delimiter = OneOf(",;\t| ", setup[0]),
                        .quote = OneOf(std::string_view("\"'\0", 3), setup[1]),
                        .escape = OneOf(std::string_view("\0\\", 2), setup[1]),
                        .comment = OneOf(std::string_view("\0#", 2), setup[2]),
                        .skip_space = (setup[2] & 4) != 0,
                        .line_end = static_cast<LineEnd>((setup[3] & 0xFF) % 3),
                        .skip_lines = 0,
                        .header = (setup[3] & 16) == 0};
  return dialect;
}

void CheckClassifiers(std::string_view text, const Dialect& dialect) {
  const std::string padded = std::string(text) + std::string(kIndexPaddingBytes, '\0');
  std::vector<uint32_t> first;
  for (const ByteClassifier classify : ByteClassifiers()) {
    StructuralIndex index(dialect, classify);
    index.Build(padded.data(), text.size());
    const std::vector<uint32_t> found(index.positions(), index.end_position());
    if (first.empty()) first = found;
    Check(found == first, "all classifiers find the same");
  }
}

}  // namespace

void ReadLikeNaive(std::string_view bytes) {
  if (bytes.size() < kSetupBytes) return;
  CsvReaderOptions options;
  options.dialect = DialectOf(bytes);
  options.on_bad_row = (bytes[0] & 64) != 0 ? BadRowPolicy::kPad : BadRowPolicy::kReject;
  options.batch_bytes = 1 + static_cast<unsigned char>(bytes[3]);
  const std::string_view text = bytes.substr(kSetupBytes);
  const MemoryFile file(text);
  const auto reader = OpenCsv(file.fd(), options);
  if (!reader.ok()) return CheckTyped(reader.status());
  const TableLayout& layout = (*reader)->layout();
  CheckClassifiers(text, layout.dialect);
  NaiveTable read;
  Check(ReadPass(**reader, read).ok(), "bad rows are rejected");
  Check(read == ReadNaively(text, layout, options.on_bad_row), "a naive reader reads the same");
}

void FindTableInPieces(std::string_view bytes) {
  if (bytes.size() < kSetupBytes) return;
  DialectChoice choice = DialectOf(bytes);
  // What is found out is a bit each.
  if ((bytes[0] & 32) != 0) choice.delimiter.reset();
  if ((bytes[0] & 16) != 0) choice.header.reset();
  if ((bytes[0] & 8) != 0) choice.skip_lines.reset();
  if ((bytes[1] & 32) != 0) choice.quote.reset();
  if ((bytes[1] & 16) != 0) choice.escape.reset();
  if ((bytes[2] & 32) != 0) choice.comment.reset();
  if ((bytes[2] & 16) != 0) choice.skip_space.reset();
  if ((bytes[3] & 32) != 0) choice.line_end.reset();
  const std::string padded =
      std::string(bytes.substr(kSetupBytes)) + std::string(kIndexPaddingBytes, '\0');
  std::string_view rest = std::string_view(padded).substr(0, bytes.size() - kSetupBytes);
  const std::string_view whole = rest;
  std::vector<SamplePiece> pieces;
  while (pieces.size() < kPiecesMax) {
    const size_t end = pieces.size() + 1 < kPiecesMax ? rest.find(kPieceEnd) : rest.npos;
    pieces.push_back({rest.substr(0, end), end == rest.npos});
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  const auto layout = FindTable(pieces, 0, choice);
  if (!layout.ok()) return CheckTyped(layout.status());
  if (!layout->has_value()) return Check(!pieces.front().ends_file, "a whole file can be judged");
  const TableLayout& table = **layout;
  Check(!table.columns.empty() && table.columns.size() <= kColumnsMax, "a table has columns");
  Check(table.row_cells <= table.columns.size(), "whole rows are not wider than the table");
  Check(table.data_offset <= static_cast<int64_t>(whole.size()), "rows begin within the file");
  Check(table.confidence >= 0 && table.confidence <= 1, "a confidence is a share");
  Check(!choice.delimiter || *choice.delimiter == table.dialect.delimiter, "what is said holds");
  Check(!choice.header || *choice.header == table.header, "what is said of the header holds");
}

}  // namespace dq
