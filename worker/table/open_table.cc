#include "worker/table/open_table.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "worker/table/bytes/compressed_source.h"
#include "worker/table/bytes/container_format.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/file_source.h"
#include "worker/table/bytes/text_encoding.h"
#include "worker/table/bytes/utf8.h"
#include "worker/table/delimited/csv_reader.h"
#include "worker/table/json/json_lines_reader.h"
#include "worker/table/table_sample.h"
#include "worker/table/values/ascii.h"

namespace dq {
namespace {

constexpr size_t kFormatBytes = 256;
constexpr size_t kSignatureBytes = 64;
constexpr size_t kBeyondAsciiPieces = 4;

// Before anything is decoded: bytes of a file that is no text may look like some encoding.
absl::Status CheckBeginning(ByteSource& source) {
  std::string bytes(kSignatureBytes, '\0');
  source.Rewind();
  DQ_ASSIGN_OR_RETURN(const size_t got, source.Read(bytes.data(), bytes.size()));
  return CheckIsText(std::string_view(bytes).substr(0, got));
}

// JSON Lines begin with an object, JSON else with a list of them, markup with a tag.
absl::StatusOr<TableFormat> JudgeFormat(ByteSource& source) {
  std::string bytes(kFormatBytes, '\0');
  source.Rewind();
  DQ_ASSIGN_OR_RETURN(const size_t got, source.Read(bytes.data(), bytes.size()));
  bytes.resize(got);
  std::erase_if(bytes, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  if (bytes.starts_with(kUtf8Bom)) bytes.erase(0, kUtf8Bom.size());
  const std::string lower = AsciiLower(bytes);
  if (lower.starts_with("<!doctypehtml") || lower.starts_with("<html")) {
    return UnsupportedFormat("the file is a web page; save its table as CSV");
  }
  if (lower.starts_with("<?xml")) {
    return UnsupportedFormat("the file is XML; export it as CSV");
  }
  if (bytes.starts_with("[{")) {
    return UnsupportedFormat(
        "the file is one JSON list, not an object a line; convert it, for example "
        "with: jq -c '.[]' FILE > FILE.jsonl");
  }
  const bool object = bytes.starts_with("{\"") || bytes.starts_with("{}");
  return object ? TableFormat::kJsonLines : TableFormat::kDelimited;
}

// Reads on from where `source` stands, and keeps the first pieces that hold more than ASCII.
absl::Status KeepBeyondAscii(ByteSource& source, const std::function<bool()>& stop,
                             std::vector<std::string>& pieces) {
  std::string bytes;
  for (size_t kept = 0; kept < kBeyondAsciiPieces && !source.AtEnd();) {
    if (stop && stop()) return Cancelled();
    bytes.resize(kSampleBytes);
    DQ_ASSIGN_OR_RETURN(const size_t got, source.Read(bytes.data(), bytes.size()));
    bytes.resize(got);
    if (IsAscii(bytes)) continue;
    pieces.push_back(std::move(bytes));
    ++kept;
  }
  return absl::OkStatus();
}

absl::StatusOr<FoundEncoding> JudgeEncoding(ByteSource& source, const std::function<bool()>& stop) {
  std::vector<std::string> bytes(1, std::string(kSampleBytes, '\0'));
  source.Rewind();
  DQ_ASSIGN_OR_RETURN(const size_t got, source.Read(bytes[0].data(), bytes[0].size()));
  bytes[0].resize(got);
  const auto glance = static_cast<int64_t>(kGlanceBytes);
  for (const int64_t offset : {source.size_bytes() / 2, source.size_bytes() - glance}) {
    if (offset < static_cast<int64_t>(kSampleBytes)) continue;
    bytes.emplace_back(kGlanceBytes, '\0');
    DQ_ASSIGN_OR_RETURN(const size_t size,
                        source.Glance(offset, bytes.back().data(), kGlanceBytes));
    bytes.back().resize(size);
  }
  // What is packed cannot be looked at in the middle: where its beginning leaves the encoding open,
  // it is read until something tells. UTF-16 has zero bytes.
  const bool open = IsAscii(bytes[0]) && bytes[0].find('\0') == std::string::npos;
  if (source.size_bytes() < 0 && open) {
    DQ_RETURN_IF_ERROR(KeepBeyondAscii(source, stop, bytes));
  }
  return FindEncoding(std::vector<std::string_view>(bytes.begin(), bytes.end()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenTable(int fd, const InputChoice& choice,
                                                     const ReadOptions& read) {
  DQ_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, FileSource::Open(fd, read.digest));
  CsvReaderOptions options;
  options.on_bad_row = read.on_bad_row;
  options.batch_bytes = read.batch_bytes;
  options.dialect = choice.dialect;
  char first[8];
  DQ_ASSIGN_OR_RETURN(const size_t got, source->Glance(0, first, sizeof(first)));
  options.form.compression = FindCompression({first, got});
  if (options.form.compression != Compression::kNone) {
    source = Unpack(std::move(source), options.form.compression, read.memory_limit_bytes);
  }
  DQ_RETURN_IF_ERROR(CheckBeginning(*source));
  if (choice.encoding.has_value()) {
    options.form.encoding = *choice.encoding;
  } else {
    DQ_ASSIGN_OR_RETURN(const FoundEncoding found, JudgeEncoding(*source, read.stop));
    options.form.encoding = found.encoding;
    options.form.encoding_confidence = found.confidence;
  }
  if (options.form.encoding != TextEncoding::kUtf8) {
    source = ToUtf8(std::move(source), options.form.encoding);
  }
  if (choice.format.has_value()) {
    options.form.format = *choice.format;
  } else {
    DQ_ASSIGN_OR_RETURN(options.form.format, JudgeFormat(*source));
  }
  if (options.form.format == TableFormat::kJsonLines) {
    return JsonLinesReader::Open(std::move(source), options.form, read);
  }
  return CsvReader::Open(std::move(source), options);
}

}  // namespace dq
