#include "worker/table/csv_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/escape.h"
#include "worker/table/file_error.h"
#include "worker/table/utf8.h"

namespace dq {

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(int fd,
                                                           const CsvReaderOptions& options) {
  DQ_ASSIGN_OR_RETURN(std::unique_ptr<FileSource> source, FileSource::Open(fd));
  std::string sample(kDialectSampleBytes, '\0');
  DQ_ASSIGN_OR_RETURN(const size_t size, source->Read(sample.data(), sample.size()));
  sample.resize(size);
  DQ_ASSIGN_OR_RETURN(const Dialect dialect, DetectDialect(sample));
  std::unique_ptr<CsvReader> reader(new CsvReader(std::move(source), options, dialect));
  DQ_RETURN_IF_ERROR(reader->ReadHeader());
  DQ_RETURN_IF_ERROR(reader->StartPass(nullptr));
  return reader;
}

CsvReader::CsvReader(std::unique_ptr<FileSource> source, const CsvReaderOptions& options,
                     const Dialect& dialect)
    : source_(std::move(source)), options_(options), dialect_(dialect), scanner_(dialect) {}

absl::Status CsvReader::StartPass(RowSink* rejects) {
  source_->Rewind();
  rejects_ = rejects;
  carry_.clear();
  buffer_offset_ = 0;
  skip_to_data_ = true;
  rows_ = 0;
  rows_rejected_ = 0;
  blank_lines_ = 0;
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
  for (size_t bytes = kDialectSampleBytes;; bytes *= 2) {
    DQ_RETURN_IF_ERROR(Fill(batch, bytes));
    if (ScanOutcome outcome = ScanOutcome::kRecord; !scanner_.AtEnd()) {
      do {
        outcome = scanner_.Next();
      } while (outcome == ScanOutcome::kRecord && !scanner_.AtEnd() &&
               scanner_.record().begin == scanner_.record().end);
      if (outcome != ScanOutcome::kIncomplete) return SetColumns(scanner_.record());
    }
    if (bytes >= options_.row_bytes_max) {
      return ParseFailed("the header is longer than the limit of 64 MiB; is this a table?", {});
    }
    carry_.assign(batch.buffer().begin(),
                  batch.buffer().end() - static_cast<ptrdiff_t>(kIndexPaddingBytes));
  }
}

absl::Status CsvReader::SetColumns(const Record& record) {
  DQ_RETURN_IF_ERROR(CheckHeader(record));
  scanner_.ResolveDoubledQuotes();
  columns_.assign(record.cells.begin(), record.cells.end());
  data_offset_ = std::min(ByteOf(record.next), source_->size_bytes());
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
    carry_.clear();
    buffer_offset_ = data_offset_;
    skip_to_data_ = false;
  }
  if (carry_.empty() && source_->AtEnd()) return false;
  for (size_t bytes = options_.batch_bytes;; bytes *= 2) {
    DQ_RETURN_IF_ERROR(Fill(batch, bytes));
    DQ_RETURN_IF_ERROR(TakeRows(batch));
    if (scanner_.position() > 0) break;
    if (batch.buffer().size() - kIndexPaddingBytes >= options_.row_bytes_max) {
      DQ_RETURN_IF_ERROR(HandleLongRow(batch));
      break;
    }
    carry_.assign(batch.buffer().begin(),
                  batch.buffer().end() - static_cast<ptrdiff_t>(kIndexPaddingBytes));
  }
  const size_t size = batch.buffer().size() - kIndexPaddingBytes;
  const size_t used = std::min(scanner_.position(), size);
  carry_.assign(batch.buffer().begin() + static_cast<ptrdiff_t>(used),
                batch.buffer().begin() + static_cast<ptrdiff_t>(size));
  batch.input_bytes = static_cast<int64_t>(used);
  buffer_offset_ += static_cast<int64_t>(used);
  return true;
}

// Fills the batch's buffer with what was carried over and what follows, `bytes` in all.
absl::Status CsvReader::Fill(RowBatch& batch, size_t bytes) {
  std::vector<char>& buffer = batch.buffer();
  const size_t carried = carry_.size();
  bytes = std::max(bytes, carried + 1);
  buffer.resize(bytes + kIndexPaddingBytes);
  if (carried > 0) std::memcpy(buffer.data(), carry_.data(), carried);
  DQ_ASSIGN_OR_RETURN(const size_t got, source_->Read(buffer.data() + carried, bytes - carried));
  buffer.resize(carried + got + kIndexPaddingBytes);
  scanner_.Start(buffer.data(), carried + got,
                 source_->AtEnd() ? RecordScanner::Tail::kLast : RecordScanner::Tail::kMoreMayCome);
  return absl::OkStatus();
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
  ++rows_rejected_;
  if (rejects_ == nullptr) return absl::OkStatus();
  const Record& record = scanner_.record();
  const std::string row = std::to_string(rows_);
  const std::string byte = std::to_string(ByteOf(record.begin));
  const std::string content = EscapeUnprintable(
      {const_cast<RowBatch&>(batch).buffer().data() + record.begin, record.end - record.begin});
  const std::array<std::string_view, 4> cells = {row, byte, BadRowName(kind), content};
  return rejects_->Add(cells);
}

absl::Status CsvReader::FailRow(BadRow kind) const {
  const Record& record = scanner_.record();
  const FilePlace place{.row = rows_,
                        .column = static_cast<int64_t>(record.cell_count),
                        .byte = ByteOf(record.bad == BadRow::kNone ? record.begin : record.defect)};
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
