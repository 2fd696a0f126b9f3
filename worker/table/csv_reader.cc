#include "worker/table/csv_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/escape.h"
#include "worker/table/file_error.h"
#include "worker/table/file_source.h"
#include "worker/table/utf8.h"

namespace dq {
namespace {

absl::StatusOr<Dialect> FindDialect(ByteSource& source) {
  std::string bytes;
  for (size_t size = kDialectSampleBytes;; size *= 2) {
    const size_t before = bytes.size();
    bytes.resize(size);
    DQ_ASSIGN_OR_RETURN(const size_t got, source.Read(bytes.data() + before, size - before));
    bytes.resize(before + got);
    if (source.AtEnd()) return DetectDialect(bytes, Sample::kWhole);
    if (size >= kDialectSampleBytesMax || IsEnoughSample(bytes)) {
      return DetectDialect(bytes, Sample::kBeginning);
    }
  }
}

// What a rejects file shows of a row.
std::string RejectContent(std::string_view row) {
  if (row.size() <= kRejectContentBytesMax) return EscapeUnprintable(row);
  size_t size = kRejectContentBytesMax;
  // Not in the middle of a character, should it be one.
  for (int i = 0; i < 3 && (row[size] & 0xC0) == 0x80; ++i) --size;
  return EscapeUnprintable(row.substr(0, size)) + " [cut, " + std::to_string(row.size()) +
         " bytes in all]";
}

}  // namespace

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(int fd,
                                                           const CsvReaderOptions& options) {
  DQ_ASSIGN_OR_RETURN(std::unique_ptr<FileSource> source, FileSource::Open(fd));
  return Open(std::move(source), options);
}

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(std::unique_ptr<ByteSource> source,
                                                           const CsvReaderOptions& options) {
  Dialect dialect = options.dialect.value_or(Dialect{});
  if (!options.dialect.has_value()) {
    DQ_ASSIGN_OR_RETURN(dialect, FindDialect(*source));
  }
  std::unique_ptr<CsvReader> reader(new CsvReader(std::move(source), options, dialect));
  DQ_RETURN_IF_ERROR(reader->ReadHeader());
  DQ_RETURN_IF_ERROR(reader->StartPass(nullptr));
  return reader;
}

CsvReader::CsvReader(std::unique_ptr<ByteSource> source, const CsvReaderOptions& options,
                     const Dialect& dialect)
    : source_(std::move(source)), options_(options), dialect_(dialect), scanner_(dialect) {}

absl::Status CsvReader::StartPass(RowSink* rejects) {
  source_->Rewind();
  rejects_ = rejects;
  carry_.clear();
  carry_begin_ = 0;
  buffer_offset_ = 0;
  raw_counted_ = 0;
  skip_to_data_ = true;
  rows_ = 0;
  rows_rejected_ = 0;
  blank_lines_ = 0;
  comment_lines_ = 0;
  rows_padded_ = 0;
  return absl::OkStatus();
}

absl::Status CsvReader::ReadHeader() {
  RowBatch batch;
  DQ_RETURN_IF_ERROR(StartPass(nullptr));
  skip_to_data_ = false;
  if (dialect_.bom) {
    carry_.resize(kUtf8Bom.size());
    DQ_RETURN_IF_ERROR(source_->Read(carry_.data(), carry_.size()).status());
    carry_.clear();
    buffer_offset_ = static_cast<int64_t>(kUtf8Bom.size());
  }
  for (size_t bytes = kDialectSampleBytes;; bytes = std::min(2 * bytes, options_.row_bytes_max)) {
    DQ_RETURN_IF_ERROR(Fill(batch, bytes));
    ScanOutcome outcome = ScanOutcome::kIncomplete;
    while (!scanner_.AtEnd()) {
      outcome = scanner_.Next();
      const bool blank = scanner_.record().begin == scanner_.record().end;
      if (outcome != ScanOutcome::kComment && (outcome != ScanOutcome::kRecord || !blank)) break;
      outcome = ScanOutcome::kIncomplete;
    }
    if (outcome != ScanOutcome::kIncomplete) return SetColumns(scanner_.record());
    if (source_->AtEnd()) {
      return UnsupportedFormat("the file is empty: it has not even a header row");
    }
    if (bytes >= options_.row_bytes_max) {
      return ParseFailed("the header is longer than the limit of 64 MiB; is this a table?", {});
    }
    CarryAll(batch);
  }
}

absl::Status CsvReader::SetColumns(const Record& record) {
  DQ_RETURN_IF_ERROR(CheckHeader(record));
  scanner_.ResolveDoubledQuotes();
  columns_.assign(record.cells.begin(), record.cells.end());
  data_offset_ = std::min(ByteOf(record.next), source_->position());
  return absl::OkStatus();
}

absl::Status CsvReader::CheckHeader(const Record& record) {
  if (record.cell_count > kColumnsMax) {
    return UnsupportedFormat("the header has " + std::to_string(record.cell_count) +
                             " columns; the limit is " + std::to_string(kColumnsMax));
  }
  const FilePlace place{.byte = ByteOf(record.bad == BadRow::kNone ? record.begin : record.defect)};
  if (record.bad != BadRow::kNone) {
    return ParseFailed("the header is not well formed: " + Explain(record.bad), place);
  }
  for (const std::string_view cell : record.cells) {
    if (FindInvalidUtf8(cell) != std::string_view::npos) {
      return EncodingInvalid("the header is not UTF-8; convert the file to UTF-8", place);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next(RowBatch& batch) {
  batch.Reset(columns_.size());
  if (skip_to_data_) {
    // The bytes of the header are read again, so that a pass sees (and fingerprints) the whole
    // file.
    carry_.resize(static_cast<size_t>(data_offset_));
    DQ_RETURN_IF_ERROR(source_->Read(carry_.data(), carry_.size()).status());
    carry_.clear();  // carry_begin_ is 0 since StartPass.
    buffer_offset_ = data_offset_;
    skip_to_data_ = false;
  }
  if (carry_begin_ == carry_.size() && source_->AtEnd()) return false;
  for (size_t bytes = options_.batch_bytes;; bytes = std::min(2 * bytes, options_.row_bytes_max)) {
    DQ_RETURN_IF_ERROR(Fill(batch, bytes));
    DQ_RETURN_IF_ERROR(TakeRows(batch));
    if (scanner_.position() > 0) break;
    if (batch.buffer().size() - kIndexPaddingBytes >= options_.row_bytes_max) {
      DQ_RETURN_IF_ERROR(HandleLongRow(batch));
      break;
    }
    CarryAll(batch);
  }
  const size_t used = std::min(scanner_.position(), batch.buffer().size() - kIndexPaddingBytes);
  CarryFrom(batch, used);
  batch.input_bytes = source_->raw_position() - raw_counted_;
  raw_counted_ += batch.input_bytes;
  buffer_offset_ += static_cast<int64_t>(used);
  return true;
}

// Fills the batch's buffer with what was carried over and what follows, `bytes` in all.
absl::Status CsvReader::Fill(RowBatch& batch, size_t bytes) {
  std::vector<char>& buffer = batch.buffer();
  const size_t carried = carry_.size() - carry_begin_;
  from_carry_ = std::min(carried, bytes);
  if (buffer.capacity() / 4 > bytes) std::vector<char>().swap(buffer);
  buffer.resize(bytes + kIndexPaddingBytes);
  if (from_carry_ > 0) std::memcpy(buffer.data(), carry_.data() + carry_begin_, from_carry_);
  DQ_ASSIGN_OR_RETURN(const size_t got,
                      source_->Read(buffer.data() + from_carry_, bytes - from_carry_));
  const size_t size = from_carry_ + got;
  buffer.resize(size + kIndexPaddingBytes);
  const bool last = source_->AtEnd() && from_carry_ == carried;
  scanner_.Start(buffer.data(), size,
                 last ? RecordScanner::Tail::kLast : RecordScanner::Tail::kMoreMayCome,
                 buffer_offset_);
  return absl::OkStatus();
}

// Takes the whole buffer back: it is too short for one row.
void CsvReader::CarryAll(RowBatch& batch) {
  if (from_carry_ < carry_.size() - carry_begin_) return;  // It is carried still.
  carry_.swap(batch.buffer());
  carry_.resize(carry_.size() - kIndexPaddingBytes);
  carry_begin_ = 0;
}

// Carries over what the batch did not use of its buffer.
void CsvReader::CarryFrom(const RowBatch& batch, size_t used) {
  if (from_carry_ < carry_.size() - carry_begin_) {
    carry_begin_ += used;
    return;
  }
  const std::vector<char>& buffer = batch.buffer();
  const auto rest = buffer.begin() + static_cast<ptrdiff_t>(used);
  const auto end = buffer.end() - static_cast<ptrdiff_t>(kIndexPaddingBytes);
  if (carry_.capacity() / 4 > options_.batch_bytes) std::vector<char>().swap(carry_);
  carry_.assign(rest, end);
  carry_begin_ = 0;
}

absl::Status CsvReader::TakeRows(RowBatch& batch) {
  const size_t rows_max = std::max<size_t>(1, kBatchCellsMax / columns_.size());
  while (!scanner_.AtEnd() && batch.row_count() < rows_max) {
    const ScanOutcome outcome = scanner_.Next();
    if (outcome == ScanOutcome::kIncomplete) break;
    DQ_RETURN_IF_ERROR(TakeRecord(batch, outcome));
  }
  return absl::OkStatus();
}

absl::Status CsvReader::TakeRecord(RowBatch& batch, ScanOutcome outcome) {
  const Record& record = scanner_.record();
  if (outcome == ScanOutcome::kComment) {
    ++comment_lines_;
    return SetAside(batch, "comment");
  }
  if (IsBlank(record)) {
    ++blank_lines_;
    return absl::OkStatus();
  }
  ++rows_;
  const BadRow bad = Judge(record, outcome);
  if (bad == BadRow::kNone) [[likely]] {
    scanner_.ResolveDoubledQuotes();
    RowInfo info{.number = rows_};
    if (record.plain)
      info.source = {batch.buffer().data() + record.begin, record.end - record.begin};
    batch.AddRow(info, record.cells.data());
    return absl::OkStatus();
  }
  if (options_.on_bad_row == BadRowPolicy::kFail) return FailRow(bad);
  if (options_.on_bad_row == BadRowPolicy::kPad && bad == BadRow::kRagged &&
      record.cell_count < columns_.size()) {
    scanner_.ResolveDoubledQuotes();
    ++rows_padded_;
    padded_ = record.cells;
    padded_.resize(columns_.size());
    batch.AddRow({.number = rows_}, padded_.data());
    return absl::OkStatus();
  }
  return Reject(batch, bad);
}

// A row that fills the whole buffer: an opening quote without its closing one, or a monster.
absl::Status CsvReader::HandleLongRow(RowBatch& batch) {
  if (!scanner_.GiveUp()) {
    return ParseFailed("row " + std::to_string(rows_ + 1) + " is longer than the limit of " +
                           std::to_string(options_.row_bytes_max >> 20) + " MiB",
                       {.row = rows_ + 1, .byte = buffer_offset_});
  }
  return TakeRecord(batch, ScanOutcome::kBad);
}

BadRow CsvReader::Judge(const Record& record, ScanOutcome outcome) {
  if (outcome == ScanOutcome::kBad) return record.bad;
  if (scanner_.index().MayHoldNonAscii(record.begin, record.end)) {
    for (const std::string_view cell : record.cells) {
      if (FindInvalidUtf8(cell) != std::string_view::npos) return BadRow::kInvalidUtf8;
    }
  }
  return record.cell_count == columns_.size() ? BadRow::kNone : BadRow::kRagged;
}

absl::Status CsvReader::Reject(const RowBatch& batch, BadRow kind) {
  if (rows_rejected_++ == 0) {
    first_bad_ = kind;
    first_bad_text_ = "row " + std::to_string(rows_) + " " + Explain(kind);
    first_bad_place_ = PlaceOfRow();
  }
  if (rejects_ == nullptr) return absl::OkStatus();
  const Record& record = scanner_.record();
  const std::string row = std::to_string(rows_);
  const std::string byte = std::to_string(ByteOf(record.begin));
  const std::string content =
      RejectContent({batch.buffer().data() + record.begin, record.end - record.begin});
  const std::array<std::string_view, 4> cells = {row, byte, BadRowName(kind), content};
  return rejects_->Add(cells);
}

// Keeps a line that is no row where the rejected rows are kept.
absl::Status CsvReader::SetAside(const RowBatch& batch, std::string_view reason) {
  if (rejects_ == nullptr) return absl::OkStatus();
  const Record& record = scanner_.record();
  const std::string byte = std::to_string(ByteOf(record.begin));
  const std::string content =
      RejectContent({batch.buffer().data() + record.begin, record.end - record.begin});
  const std::array<std::string_view, 4> cells = {"", byte, reason, content};
  return rejects_->Add(cells);
}

FilePlace CsvReader::PlaceOfRow() const {
  const Record& record = scanner_.record();
  return {.row = rows_,
          .column = static_cast<int64_t>(record.cell_count),
          .byte = ByteOf(record.bad == BadRow::kNone ? record.begin : record.defect)};
}

absl::Status CsvReader::CheckAnyRowRead() const {
  if (rows_rejected_ == 0 || rows_rejected_ < rows_) return absl::OkStatus();
  const std::string message =
      "none of the " + std::to_string(rows_) + " rows could be read: " + first_bad_text_ +
      "; check the delimiter, the header and the encoding, which must be UTF-8";
  return first_bad_ == BadRow::kInvalidUtf8 ? EncodingInvalid(message, first_bad_place_)
                                            : ParseFailed(message, first_bad_place_);
}

absl::Status CsvReader::FailRow(BadRow kind) const {
  const FilePlace place = PlaceOfRow();
  const std::string message = "row " + std::to_string(rows_) + " (byte " +
                              std::to_string(place.byte) + ") " + Explain(kind) +
                              "; correct it, or let bad rows be rejected";
  return kind == BadRow::kInvalidUtf8 ? EncodingInvalid(message, place)
                                      : ParseFailed(message, place);
}

bool CsvReader::IsBlank(const Record& record) const {
  return record.begin == record.end && columns_.size() > 1;
}

std::string CsvReader::Explain(BadRow kind) const {
  switch (kind) {
    case BadRow::kNone:
      return "is fine";
    case BadRow::kRagged:
      return "has " + std::to_string(scanner_.record().cell_count) + " cells, the header has " +
             std::to_string(columns_.size());
    case BadRow::kInvalidUtf8:
      return "has bytes that are not UTF-8";
    case BadRow::kNulByte:
      return "has a NUL byte";
    case BadRow::kTextAfterQuote:
      return "has text between a closing quote and the next delimiter";
    case BadRow::kUnterminatedQuote:
      return "has an opening quote that is never closed";
  }
  return "";
}

int64_t CsvReader::ByteOf(size_t position) const {
  return buffer_offset_ + static_cast<int64_t>(position);
}

}  // namespace dq
