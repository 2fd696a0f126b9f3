#include "worker/table/delimited/csv_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/bytes/utf8.h"
#include "worker/table/reject_content.h"
#include "worker/table/table_sample.h"

namespace dq {

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(std::unique_ptr<ByteSource> source,
                                                           const CsvReaderOptions& options) {
  DQ_ASSIGN_OR_RETURN(TableLayout layout, SampleTable(*source, options.dialect));
  layout.form = options.form;
  std::unique_ptr<CsvReader> reader(new CsvReader(std::move(source), options, std::move(layout)));
  DQ_RETURN_IF_ERROR(reader->StartPass(nullptr));
  return reader;
}

CsvReader::CsvReader(std::unique_ptr<ByteSource> source, const CsvReaderOptions& options,
                     TableLayout layout)
    : RowReader(std::move(source), std::move(layout)),
      options_(options),
      scanner_(layout_.dialect) {}

absl::Status CsvReader::StartPass(RowSink* rejects) {
  StartOver(rejects);
  carry_.clear();
  carry_begin_ = 0;
  buffer_offset_ = 0;
  skip_to_data_ = true;
  return WritePreamble();
}

// Keeps the lines before the table where the rejected rows are kept.
absl::Status CsvReader::WritePreamble() {
  for (const PreambleLine& line : layout_.preamble) {
    DQ_RETURN_IF_ERROR(rejected_.AddLine(line.byte, line.content, "preamble"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next(RowBatch& batch) {
  batch.Reset(columns().size());
  if (skip_to_data_) {
    // What comes before the rows is read again, so that a pass sees (and fingerprints) the whole
    // file.
    carry_.resize(static_cast<size_t>(layout_.data_offset));
    DQ_RETURN_IF_ERROR(source_->Read(carry_.data(), carry_.size()).status());
    carry_.clear();  // carry_begin_ is 0 since StartPass.
    buffer_offset_ = layout_.data_offset;
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
  CountInput(batch);
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
  const size_t rows_max = std::max<size_t>(1, kBatchCellsMax / columns().size());
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
    ++counts_.comment_lines;
    return rejected_.AddLine(ByteOf(record.begin), TextOf(batch), "comment");
  }
  if (IsBlank(record)) {
    ++counts_.blank_lines;
    return absl::OkStatus();
  }
  ++counts_.rows;
  const BadRow bad = Judge(record, outcome);
  if (bad == BadRow::kNone) [[likely]] {
    AddRow(batch, record);
    return absl::OkStatus();
  }
  if (bad == BadRow::kRagged && record.cell_count == layout_.row_cells) {
    AddPadded(batch, record);
    return absl::OkStatus();
  }
  if (options_.on_bad_row == BadRowPolicy::kFail) {
    return RejectedRows::Fatal({bad, PlaceOfRow(), Explain(bad)});
  }
  if (options_.on_bad_row == BadRowPolicy::kPad && bad == BadRow::kRagged &&
      record.cell_count < columns().size()) {
    AddPadded(batch, record);
    return absl::OkStatus();
  }
  return Reject(batch, bad);
}

void CsvReader::AddRow(RowBatch& batch, const Record& record) {
  RowInfo info{.number = counts_.rows, .quoted = record.quoted};
  // Of a long row there is no second copy.
  if (record.plain && (!record.quoted || record.end - record.begin <= TextRoom::kBlockBytes)) {
    info.source = TextOf(batch);
    scanner_.ResolveDoubledQuotes(batch.room());
  } else {
    scanner_.ResolveDoubledQuotes(batch.buffer().data());
  }
  batch.AddRow(info, record.cells.data());
}

void CsvReader::AddPadded(RowBatch& batch, const Record& record) {
  scanner_.ResolveDoubledQuotes(batch.buffer().data());
  ++counts_.padded;
  padded_ = record.cells;
  padded_.resize(columns().size());
  batch.AddRow({.number = counts_.rows}, padded_.data());
}

// A row that fills the whole buffer: an opening quote without its closing one, or a monster.
absl::Status CsvReader::HandleLongRow(RowBatch& batch) {
  if (!scanner_.GiveUp()) {
    return ParseFailed("row " + std::to_string(counts_.rows + 1) + " is longer than the limit of " +
                           std::to_string(options_.row_bytes_max >> 20) +
                           " MiB; are delimiter and line end right?",
                       {.row = counts_.rows + 1, .byte = buffer_offset_});
  }
  ++counts_.long_quotes;
  return TakeRecord(batch, ScanOutcome::kBad);
}

BadRow CsvReader::Judge(const Record& record, ScanOutcome outcome) {
  if (outcome == ScanOutcome::kBad) return record.bad;
  if (scanner_.index().MayHoldNonAscii(record.begin, record.end) &&
      FindInvalidUtf8(scanner_.text()) != std::string_view::npos) {
    return BadRow::kInvalidUtf8;
  }
  if (RepeatsHeader(record)) return BadRow::kRepeatedHeader;
  return record.cell_count == columns().size() ? BadRow::kNone : BadRow::kRagged;
}

// Nearly every row is told by its first cell.
bool CsvReader::RepeatsHeader(const Record& record) const {
  if (layout_.header_row.empty()) return false;
  const std::string_view first = record.cells.front();
  const std::string& name = layout_.header_row.front();
  if (first.size() < name.size()) return false;
  const bool marked = !first.empty() && first.front() == kUtf8Bom.front();
  if (record.plain && !record.quoted && !marked && first != name) return false;
  return scanner_.CellsAre(layout_.header_row);
}

absl::Status CsvReader::Reject(const RowBatch& batch, BadRow kind) {
  ++counts_.rejected;
  if (kind == BadRow::kRepeatedHeader) ++counts_.repeated_headers;
  std::string clause = rejected_.none() ? Explain(kind) : std::string();
  return rejected_.AddRow({kind, PlaceOfRow(), std::move(clause)}, ByteOf(scanner_.record().begin),
                          TextOf(batch));
}

std::string_view CsvReader::TextOf(const RowBatch& batch) const {
  const Record& record = scanner_.record();
  return {batch.buffer().data() + record.begin, record.end - record.begin};
}

FilePlace CsvReader::PlaceOfRow() const {
  const Record& record = scanner_.record();
  return {.row = counts_.rows,
          .column = static_cast<int64_t>(record.cell_count),
          .byte = ByteOf(record.bad == BadRow::kNone ? record.begin : record.defect)};
}

// Headers alone, put behind each other, are a table without rows, as one of them is.
absl::Status CsvReader::CheckAnyRowRead() const {
  if (counts_.rejected == counts_.repeated_headers || counts_.rejected < counts_.rows) {
    return absl::OkStatus();
  }
  return rejected_.NoneReadable(counts_.rows, "check the delimiter, the header and the encoding");
}

bool CsvReader::IsBlank(const Record& record) const {
  return record.begin == record.end && columns().size() > 1;
}

std::string CsvReader::Explain(BadRow kind) const {
  switch (kind) {
    case BadRow::kNone:
      return "is fine";
    case BadRow::kRagged:
      return "has " + std::to_string(scanner_.record().cell_count) + " cells, the header has " +
             std::to_string(columns().size());
    case BadRow::kRepeatedHeader:
      return "repeats the header, as where files were put behind each other";
    case BadRow::kInvalidUtf8:
      return "has bytes that are not UTF-8";
    case BadRow::kNulByte:
      return "has a NUL byte";
    case BadRow::kTextAfterQuote:
      return "has text between a closing quote and the next delimiter";
    case BadRow::kInvalidJson:
    case BadRow::kDuplicateKey:
      return "is no JSON object";
    case BadRow::kQuoteBeyondLimit:
      return "has an opening quote that is not closed within " +
             std::to_string(options_.row_bytes_max >> 20) +
             " MiB, the limit of a row: a stray quote, or a cell that is too long";
    case BadRow::kUnterminatedQuote:
      return "has an opening quote that is never closed";
  }
  return "";
}

int64_t CsvReader::ByteOf(size_t position) const {
  return buffer_offset_ + static_cast<int64_t>(position);
}

void CsvReader::SavePlace(StateWriter& writer) const {
  // Nothing was read while the data is still to be found.
  writer.Put(skip_to_data_ ? int64_t{0} : buffer_offset_);
  writer.Put(raw_counted_);
  SaveCounts(writer);
  rejected_.Save(writer);
  const RecordScanner::Doom doom = scanner_.doom();
  writer.Put(doom.end);
  writer.Put(static_cast<int64_t>(doom.kind));
}

absl::Status CsvReader::ResumePass(RowSink* rejects, StateReader& place,
                                   const std::function<bool()>& stop) {
  // What comes before the rows is in the rejects already.
  DQ_RETURN_IF_ERROR(StartPass(nullptr));
  rejected_.SetSink(rejects);
  const int64_t offset = place.GetCount(kStateCountMax);
  raw_counted_ = place.GetCount(source_->raw_size_bytes());
  RestoreCounts(place);
  rejected_.Restore(place);
  RecordScanner::Doom doom;
  doom.end = place.GetCount(kStateCountMax);
  doom.kind = static_cast<BadRow>(place.GetCount(static_cast<int64_t>(kBadRowLast)));
  DQ_RETURN_IF_ERROR(place.status());
  if (offset == 0) return absl::OkStatus();
  if (offset < layout_.data_offset) return CheckpointInvalid("its place lies before the rows");
  scanner_.Remember(doom, offset);
  skip_to_data_ = false;
  buffer_offset_ = offset;
  return SkipTo(offset, stop);
}

}  // namespace dq
