#include "worker/table/dialect.h"

#include <map>
#include <string>
#include <vector>

#include "worker/table/file_error.h"
#include "worker/table/record_scanner.h"

namespace dq {
namespace {

constexpr size_t kRecordsMax = 1000;
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

LineEnd DetectLineEnd(std::string_view sample) {
  const size_t lf = sample.find('\n');
  if (lf == std::string_view::npos) {
    return sample.find('\r') == std::string_view::npos ? LineEnd::kLf : LineEnd::kCr;
  }
  return lf > 0 && sample[lf - 1] == '\r' ? LineEnd::kCrLf : LineEnd::kLf;
}

struct Agreement {
  double share = 0;  // Of the records that have as many cells as most have.
  size_t cells = 1;
};

Agreement Measure(const Dialect& dialect, std::string_view sample) {
  std::vector<char> bytes(sample.begin(), sample.end());
  bytes.resize(sample.size() + kIndexPaddingBytes);
  RecordScanner scanner(dialect);
  const bool whole = sample.size() < kDialectSampleBytes;
  scanner.Start(bytes.data(), sample.size(),
                whole ? RecordScanner::Tail::kLast : RecordScanner::Tail::kMoreMayCome);
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

absl::StatusOr<Dialect> DetectDialect(std::string_view sample) {
  for (const Signature& signature : kSignatures) {
    if (sample.starts_with(signature.bytes)) {
      return UnsupportedFormat("the file is " + std::string(signature.what));
    }
  }
  Dialect best;
  best.bom = sample.starts_with(kUtf8Bom);
  if (best.bom) sample.remove_prefix(kUtf8Bom.size());
  if (sample.find_first_not_of("\r\n") == std::string_view::npos &&
      sample.size() < kDialectSampleBytes - kUtf8Bom.size()) {
    return UnsupportedFormat("the file is empty: it has not even a header row");
  }
  best.line_end = DetectLineEnd(sample);
  best.confidence = 0.5;
  Agreement agreement;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    Dialect candidate = best;
    candidate.delimiter = delimiter;
    const Agreement measured = Measure(candidate, sample);
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
