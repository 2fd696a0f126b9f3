#include "worker/table/dialect.h"

#include <map>
#include <string>
#include <vector>

#include "worker/table/file_error.h"
#include "worker/table/record_scanner.h"

namespace dq {
namespace {

constexpr size_t kRecordsMax = 1000;
constexpr size_t kSampleLinesMin = 10;
constexpr double kTie = 0.02;

// Formats that a person may well take for a text table, by their first bytes.
struct Signature {
  std::string_view bytes;
  std::string_view what;
};
constexpr Signature kSignatures[] = {
    {"\xFF\xFE", "UTF-16; save it as UTF-8"},
    {"\xFE\xFF", "UTF-16; save it as UTF-8"},
    {"\x1F\x8B", "compressed with gzip; unpack it first"},
    {"\x28\xB5\x2F\xFD", "compressed with zstd; unpack it first"},
    {"BZh", "compressed with bzip2; unpack it first"},
    {"\xFD"
     "7zXZ",
     "compressed with xz; unpack it first"},
    {"PK\x03\x04", "a zip archive or an Excel workbook; save it as CSV"},
    {"\xD0\xCF\x11\xE0", "an old Excel workbook; save it as CSV"},
    {"PAR1", "a Parquet file; export it as CSV"},
    {"%PDF", "a PDF; export its table as CSV"},
};

bool IsLineBreak(char c) { return c == '\n' || c == '\r'; }

LineEnd DetectLineEnd(std::string_view bytes, Sample sample) {
  const size_t lf = bytes.find('\n');
  if (lf != std::string_view::npos) {
    return lf > 0 && bytes[lf - 1] == '\r' ? LineEnd::kCrLf : LineEnd::kLf;
  }
  // A line feed may follow the last byte.
  if (sample == Sample::kBeginning && !bytes.empty()) bytes.remove_suffix(1);
  return bytes.find('\r') == std::string_view::npos ? LineEnd::kLf : LineEnd::kCr;
}

struct Agreement {
  double share = 0;  // Of the records that have as many cells as most have.
  size_t cells = 1;
};

Agreement Measure(const Dialect& dialect, std::string_view text, Sample sample) {
  std::vector<char> bytes(text.begin(), text.end());
  bytes.resize(text.size() + kIndexPaddingBytes);
  RecordScanner scanner(dialect);
  scanner.Start(
      bytes.data(), text.size(),
      sample == Sample::kWhole ? RecordScanner::Tail::kLast : RecordScanner::Tail::kMoreMayCome);
  std::map<size_t, size_t> counts;
  size_t records = 0;
  size_t header_cells = 0;
  while (!scanner.AtEnd() && records < kRecordsMax) {
    const ScanOutcome outcome = scanner.Next();
    if (outcome == ScanOutcome::kIncomplete) break;
    if (scanner.record().end == scanner.record().begin) continue;
    ++records;
    if (outcome == ScanOutcome::kBad) continue;
    if (header_cells == 0) header_cells = scanner.record().cell_count;
    ++counts[scanner.record().cell_count];
  }
  if (header_cells < 2) return {};
  // Rows are judged against the header, so its width is the one that counts.
  return {static_cast<double>(counts[header_cells]) / static_cast<double>(records), header_cells};
}

}  // namespace

std::string_view LineEndText(LineEnd line_end) {
  switch (line_end) {
    case LineEnd::kLf:
      return "\n";
    case LineEnd::kCrLf:
      return "\r\n";
    case LineEnd::kCr:
      return "\r";
  }
  return "\n";
}

bool IsEnoughSample(std::string_view bytes) {
  size_t lines = 0;
  for (size_t i = 1; i < bytes.size() && lines < kSampleLinesMin; ++i) {
    lines += IsLineBreak(bytes[i]) && !IsLineBreak(bytes[i - 1]) ? 1 : 0;
  }
  return lines >= kSampleLinesMin;
}

absl::StatusOr<Dialect> DetectDialect(std::string_view bytes, Sample sample) {
  for (const Signature& signature : kSignatures) {
    if (bytes.starts_with(signature.bytes)) {
      return UnsupportedFormat("the file is " + std::string(signature.what));
    }
  }
  Dialect best;
  best.bom = bytes.starts_with(kUtf8Bom);
  if (best.bom) bytes.remove_prefix(kUtf8Bom.size());
  if (sample == Sample::kWhole && bytes.find_first_not_of("\r\n") == std::string_view::npos) {
    return UnsupportedFormat("the file is empty: it has not even a header row");
  }
  best.line_end = DetectLineEnd(bytes, sample);
  best.confidence = 0.5;
  Agreement agreement;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    Dialect candidate = best;
    candidate.delimiter = delimiter;
    const Agreement measured = Measure(candidate, bytes, sample);
    const double lead = measured.share - agreement.share;
    if (lead > kTie || (lead >= -kTie && measured.cells > agreement.cells)) {
      agreement = measured;
      best.delimiter = delimiter;
      best.confidence = measured.share;
    }
  }
  if (agreement.cells == 1) {
    best.delimiter = ',';
    best.confidence = 0.5;
  }
  return best;
}

}  // namespace dq
