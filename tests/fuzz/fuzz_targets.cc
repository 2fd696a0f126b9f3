#include "tests/fuzz/fuzz_targets.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "tests/fuzz/fuzz_chain_targets.h"
#include "tests/fuzz/fuzz_checks.h"
#include "tests/fuzz/fuzz_structure_targets.h"
#include "tests/support/memory_file.h"
#include "tests/support/read_pass.h"
#include "worker/table/bytes/compressed_source.h"
#include "worker/table/bytes/container_format.h"
#include "worker/table/bytes/file_source.h"
#include "worker/table/bytes/text_encoding.h"
#include "worker/table/bytes/utf8.h"
#include "worker/table/delimited/csv_formatter.h"
#include "worker/table/delimited/csv_reader.h"
#include "worker/table/open_table.h"
#include "worker/table/table_formatter.h"

namespace dq {
namespace {

// Bombs are for a test of their own: here they would only cost time.
constexpr size_t kUnpackedBytesMax = size_t{1} << 20;

class CountingSink final : public RowSink {
 public:
  absl::Status Add(std::span<const std::string_view> cells) override {
    Check(cells.size() == 4, "a reject has four cells");
    for (const std::string_view cell : cells) {
      Check(FindInvalidUtf8(cell) == std::string_view::npos, "rejects are UTF-8");
    }
    rows += cells[0].empty() ? 0 : 1;
    return absl::OkStatus();
  }
  int64_t rows = 0;
};

using Table = std::vector<std::vector<std::string>>;

// Reads one pass; false when it failed.
bool ReadPass(RowReader& reader, Table& table) {
  CountingSink rejects;
  Check(reader.StartPass(&rejects).ok(), "a pass can start");
  RowBatch batch;
  for (;;) {
    const auto more = reader.Next(batch);
    if (!more.ok()) {
      CheckTyped(more.status());
      return false;
    }
    if (!*more) break;
    for (size_t row = 0; row < batch.row_count(); ++row) {
      table.emplace_back();
      for (size_t column = 0; column < batch.column_count(); ++column) {
        const std::string_view cell = batch.cell(row, column);
        Check(FindInvalidUtf8(cell) == std::string_view::npos, "cells are UTF-8");
        table.back().emplace_back(cell);
      }
    }
  }
  Check(static_cast<int64_t>(table.size()) + rejects.rows == reader.rows(),
        "rows are accounted for");
  Check(rejects.rows == reader.rows_rejected(), "rejects are counted");
  return true;
}

// Writes all rows again in the form of `choice`; false when the form cannot hold them.
bool WriteAgain(RowReader& reader, const OutputChoice& choice, std::string& out) {
  Check(reader.StartPass(nullptr).ok(), "a pass can start");
  const auto formatter = MakeFormatter(reader.layout(), choice, {});
  if (!formatter->AppendHeader(out).ok()) return false;
  RowBatch batch;
  for (;;) {
    const auto more = reader.Next(batch);
    if (!more.ok() || !*more) return more.ok();
    const absl::Status added = formatter->AppendRows(out, batch, 0, batch.row_count());
    if (!added.ok()) return false;
  }
}

// Reads a table twice, writes it and reads what was written: the cells stay the same.
void CheckReader(RowReader& reader) {
  Table first;
  if (!ReadPass(reader, first)) return;
  Table second;
  Check(ReadPass(reader, second) && first == second, "two passes give the same");
  const OutputChoice csv{.format = OutputFormat::kCsv};
  std::string text;
  if (!WriteAgain(reader, csv, text)) return;
  // A name or a first cell that looks like a byte order mark is taken for one.
  if (text.starts_with(kUtf8Bom)) return;
  // So is one that begins like a PDF.
  if (!CheckIsText(text).ok()) return;
  const MemoryFile written(text);
  const InputChoice choice{.format = TableFormat::kDelimited,
                           .encoding = TextEncoding::kUtf8,
                           .dialect = {.delimiter = ',',
                                       .quote = '"',
                                       .escape = '\0',
                                       .comment = '\0',
                                       .skip_space = false,
                                       .line_end = LineEnd::kLf,
                                       .skip_lines = 0,
                                       .header = reader.layout().header}};
  // Without a header and a row nothing was written.
  if (!reader.layout().header && first.empty()) return;
  const auto again = OpenTable(written.fd(), choice);
  Check(again.ok(), "a written table can be opened");
  Check((*again)->columns().size() == reader.columns().size(), "a written table is as wide");
  Table third;
  Check(ReadPass(**again, third), "a written table can be read");
  Check(first == third, "a written table reads as it was");
}

void ReadTable(std::string_view bytes) {
  if (FindCompression(bytes) != Compression::kNone) return;  // See the target unpack.
  const MemoryFile file(bytes);
  const auto reader = OpenTable(file.fd(), {});
  if (!reader.ok()) return CheckTyped(reader.status());
  CheckReader(**reader);
}

char OneOf(std::string_view characters, char chosen) {
  return characters[static_cast<unsigned char>(chosen) % characters.size()];
}

void ReadDialect(std::string_view bytes) {
  if (bytes.size() < 4) return;
  CsvReaderOptions options;
  options.on_bad_row = static_cast<BadRowPolicy>(static_cast<unsigned char>(bytes[0]) % 3);
  options.batch_bytes = 1 + static_cast<unsigned char>(bytes[0]);
  options.dialect = {.delimiter = OneOf(",;\t| ", bytes[1]),
                     .quote = OneOf(std::string_view("\"'\0", 3), bytes[1]),
                     .escape = OneOf(std::string_view("\0\\", 2), bytes[2]),
                     .comment = OneOf(std::string_view("\0#", 2), bytes[2]),
                     .skip_space = (bytes[3] & 1) != 0};
  if ((bytes[3] & 2) != 0) options.dialect.line_end = LineEnd::kCr;
  if ((bytes[3] & 4) != 0) options.dialect.header = (bytes[3] & 8) != 0;
  if ((bytes[3] & 16) != 0) options.dialect.skip_lines = bytes[3] & 3;
  const MemoryFile file(bytes.substr(4));
  const auto reader = OpenCsv(file.fd(), options);
  if (!reader.ok()) return CheckTyped(reader.status());
  CheckReader(**reader);
}

void ReadJsonLines(std::string_view bytes) {
  const MemoryFile file(bytes);
  const InputChoice choice{
      .format = TableFormat::kJsonLines, .encoding = TextEncoding::kUtf8, .dialect = {}};
  const auto reader = OpenTable(file.fd(), choice);
  if (!reader.ok()) return CheckTyped(reader.status());
  CheckReader(**reader);
  std::string text;
  if (!WriteAgain(**reader, {.format = OutputFormat::kJsonLines}, text) || text.empty()) return;
  const MemoryFile written(text);
  const auto again = OpenTable(written.fd(), choice);
  // Objects without a key are no table; the keys may all have been in lines that were rejected.
  if (!again.ok()) return Check(ReasonOf(again.status()) == "UNSUPPORTED_FORMAT", "or have no key");
  Table table;
  Check(ReadPass(**again, table) && (*again)->rows_rejected() == 0, "no written line is bad");
}

void Drain(ByteSource& source) {
  std::array<char, 4096> piece;
  std::string first;
  for (int pass = 0; pass < 2; ++pass) {
    source.Rewind();
    std::string text;
    while (!source.AtEnd() && text.size() < kUnpackedBytesMax) {
      const auto got = source.Read(piece.data(), piece.size());
      if (!got.ok()) {
        CheckTyped(got.status());
        break;
      }
      text.append(piece.data(), *got);
    }
    if (pass == 0) first = text;
    Check(text == first, "two passes give the same");
  }
}

void UnpackBytes(std::string_view bytes) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const MemoryFile file(bytes);
    Drain(*Unpack(*FileSource::Open(file.fd()), compression));
  }
}

void ConvertBytes(std::string_view bytes) {
  (void)FindEncoding({&bytes, 1});
  for (const TextEncoding encoding : {TextEncoding::kUtf16Le, TextEncoding::kUtf16Be,
                                      TextEncoding::kLatin1, TextEncoding::kWindows1252}) {
    const MemoryFile file(bytes);
    Drain(*ToUtf8(*FileSource::Open(file.fd()), encoding));
  }
}

}  // namespace

std::span<const FuzzTarget> FuzzTargets() {
  static constexpr FuzzTarget kTargets[] = {
      {"read_table", ReadTable},           {"read_dialect", ReadDialect},
      {"read_json_lines", ReadJsonLines},  {"read_like_naive", ReadLikeNaive},
      {"find_table", FindTableInPieces},   {"unpack", UnpackBytes},
      {"to_utf8", ConvertBytes},           {"chain_spec", ReadSpec},
      {"form_settings", ReadFormSettings}, {"child_line", ReadChildLine},
      {"run_chain", RunWholeChain}};
  return kTargets;
}

}  // namespace dq
