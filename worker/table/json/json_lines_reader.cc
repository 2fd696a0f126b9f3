#include "worker/table/json/json_lines_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/bytes/utf8.h"
#include "worker/table/table_limits.h"

namespace dq {
namespace {

std::string_view WithoutSpace(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

// Where the first line of a text begins that is at `offset` of the file: behind a byte order mark.
size_t FirstLine(std::string_view text, int64_t offset) {
  return offset == 0 && text.starts_with(kUtf8Bom) ? kUtf8Bom.size() : 0;
}

// Bytes of all lines that hold a backslash.
size_t EscapedBytes(std::string_view text) {
  size_t bytes = 0;
  for (size_t at = text.find('\\'); at != std::string_view::npos;) {
    const size_t before = text.rfind('\n', at);
    const size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const size_t end = std::min(text.find('\n', at), text.size());
    bytes += end - begin;
    at = text.find('\\', end);
  }
  return bytes;
}

// What is wrong with a line.
std::string ClauseOf(BadRow kind) {
  switch (kind) {
    case BadRow::kInvalidUtf8:
      return "has bytes that are not UTF-8";
    case BadRow::kNulByte:
      return "has a NUL";
    case BadRow::kDuplicateKey:
      return "has a key twice";
    default:
      return "is no JSON object that can be read";
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<JsonLinesReader>> JsonLinesReader::Open(
    std::unique_ptr<ByteSource> source, const FileForm& form, const ReadOptions& read) {
  std::unique_ptr<JsonLinesReader> reader(new JsonLinesReader(std::move(source), read));
  reader->layout_.form = form;
  DQ_RETURN_IF_ERROR(reader->FindColumns(read.stop));
  DQ_RETURN_IF_ERROR(reader->StartPass(nullptr));
  return reader;
}

absl::Status JsonLinesReader::StartPass(RowSink* rejects) {
  StartOver(rejects);
  carry_.clear();
  offset_ = 0;
  line_ = 0;
  filled_.assign(columns().size(), 0);
  cells_.resize(columns().size());
  return absl::OkStatus();
}

absl::Status JsonLinesReader::FindColumns(const std::function<bool()>& stop) {
  DQ_RETURN_IF_ERROR(StartPass(nullptr));
  std::vector<char> buffer;
  while (!carry_.empty() || !source_->AtEnd()) {
    if (stop && stop()) return Cancelled();
    DQ_ASSIGN_OR_RETURN(const size_t size, Fill(buffer));
    for (size_t begin = FirstLine({buffer.data(), size}, offset_); begin < size;) {
      const auto* end =
          static_cast<const char*>(std::memchr(buffer.data() + begin, '\n', size - begin));
      const size_t line_size =
          end == nullptr ? size - begin : static_cast<size_t>(end - buffer.data()) - begin;
      if (object_.Parse(buffer.data() + begin, line_size) == BadRow::kNone) {
        DQ_RETURN_IF_ERROR(AddColumns());
      }
      begin += line_size + 1;
    }
    offset_ += static_cast<int64_t>(size);
  }
  if (!columns().empty()) return absl::OkStatus();
  return UnsupportedFormat(
      "no line of the file is a JSON object; write one object a line, for example with: jq -c . "
      "FILE");
}

absl::Status JsonLinesReader::AddColumns() {
  for (const JsonField& field : object_.fields()) {
    const auto [place, added] = places_.try_emplace(std::string(field.key), columns().size());
    if (added) {
      layout_.columns.emplace_back(field.key);
      layout_.text_columns.push_back(false);
      key_bytes_ += field.key.size();
    }
    if (field.is_text) layout_.text_columns[place->second] = true;
  }
  if (key_bytes_ > kRowBytesMax) {
    return UnsupportedFormat("the keys of the objects take more than " +
                             std::to_string(kRowBytesMax >> 20) + " MiB; is this a table?");
  }
  if (columns().size() <= kColumnsMax) return absl::OkStatus();
  return UnsupportedFormat("the objects have more than " + std::to_string(kColumnsMax) +
                           " different keys, which is the limit");
}

// Fills the buffer with whole lines and padding; returns the bytes of the lines.
absl::StatusOr<size_t> JsonLinesReader::Fill(std::vector<char>& buffer) {
  for (size_t wanted = batch_bytes_;; wanted = std::min(2 * wanted, kRowBytesMax)) {
    wanted = std::max(wanted, std::min(carry_.size() + batch_bytes_, kRowBytesMax));
    const size_t carried = carry_.size();
    buffer.resize(wanted + kJsonPaddingBytes);
    std::copy(carry_.begin(), carry_.end(), buffer.begin());
    DQ_ASSIGN_OR_RETURN(const size_t got, source_->Read(buffer.data() + carried, wanted - carried));
    size_t size = carried + got;
    carry_.clear();
    if (!source_->AtEnd()) {
      size_t end = size;
      while (end > 0 && buffer[end - 1] != '\n') --end;
      carry_.assign(buffer.data() + end, size - end);
      if (end == 0) {
        if (size < kRowBytesMax) continue;
        return ParseFailed("line " + std::to_string(line_ + 1) + " is longer than the limit of " +
                               std::to_string(kRowBytesMax >> 20) + " MiB",
                           {.row = counts_.rows + 1, .byte = offset_});
      }
      size = end;
    }
    buffer.resize(size + kJsonPaddingBytes);
    return size;
  }
}

absl::StatusOr<bool> JsonLinesReader::Next(RowBatch& batch) {
  batch.Reset(columns().size());
  if (carry_.empty() && source_->AtEnd()) return false;
  DQ_ASSIGN_OR_RETURN(const size_t size, Fill(batch.buffer()));
  // Lines with escapes are parsed in a copy, so that their text can be written as it is.
  const size_t escaped = EscapedBytes({batch.buffer().data(), size});
  batch.buffer().resize(size + escaped + kJsonPaddingBytes);
  char* const data = batch.buffer().data();
  copies_ = data + size;
  for (size_t begin = FirstLine({data, size}, offset_); begin < size;) {
    const auto* end = static_cast<const char*>(std::memchr(data + begin, '\n', size - begin));
    const size_t line_size =
        end == nullptr ? size - begin : static_cast<size_t>(end - data) - begin;
    line_offset_ = offset_ + static_cast<int64_t>(begin);
    ++line_;
    DQ_RETURN_IF_ERROR(TakeLine(batch, data + begin, line_size));
    begin += line_size + 1;
  }
  offset_ += static_cast<int64_t>(size);
  CountInput(batch);
  return true;
}

absl::Status JsonLinesReader::TakeLine(RowBatch& batch, char* line, size_t size) {
  const std::string_view text = WithoutSpace({line, size});
  if (text.empty()) {
    ++counts_.blank_lines;
    return absl::OkStatus();
  }
  ++counts_.rows;
  if (text.find('\\') != std::string_view::npos) {
    std::memcpy(copies_, line, size);
    line = std::exchange(copies_, copies_ + size);
  }
  const BadRow bad = TakeCells(line, size);
  if (bad != BadRow::kNone) return Reject(bad, text);
  batch.AddRow({.number = counts_.rows, .source = text}, cells_.data());
  return absl::OkStatus();
}

BadRow JsonLinesReader::TakeCells(char* line, size_t size) {
  const BadRow bad = object_.Parse(line, size);
  if (bad != BadRow::kNone) return bad;
  std::fill(cells_.begin(), cells_.end(), std::string_view());
  for (const JsonField& field : object_.fields()) {
    const auto place = places_.find(std::string(field.key));
    // Every key was seen when the file was opened; the source tells when it has changed since.
    if (place == places_.end()) continue;
    if (std::exchange(filled_[place->second], line_) == line_) return BadRow::kDuplicateKey;
    cells_[place->second] = field.value;
  }
  return BadRow::kNone;
}

absl::Status JsonLinesReader::Reject(BadRow kind, std::string_view line) {
  // The first one is told in words, the others are counted.
  const bool told = on_bad_row_ == BadRowPolicy::kFail || rejected_.none();
  Defect defect{kind, {.row = counts_.rows, .byte = line_offset_}, told ? ClauseOf(kind) : ""};
  if (on_bad_row_ == BadRowPolicy::kFail) return RejectedRows::Fatal(defect);
  ++counts_.rejected;
  return rejected_.AddRow(std::move(defect), line_offset_, line);
}

absl::Status JsonLinesReader::CheckAnyRowRead() const {
  if (counts_.rejected == 0 || counts_.rejected < counts_.rows) return absl::OkStatus();
  return rejected_.NoneReadable(counts_.rows, "write one JSON object a line, in UTF-8");
}

void JsonLinesReader::SavePlace(StateWriter& writer) const {
  writer.Put(offset_);
  writer.Put(raw_counted_);
  writer.Put(line_);
  SaveCounts(writer);
  rejected_.Save(writer);
}

absl::Status JsonLinesReader::ResumePass(RowSink* rejects, StateReader& place,
                                         const std::function<bool()>& stop) {
  DQ_RETURN_IF_ERROR(StartPass(rejects));
  offset_ = place.GetCount(kStateCountMax);
  raw_counted_ = place.GetCount(source_->raw_size_bytes());
  line_ = place.GetCount(kStateCountMax);
  RestoreCounts(place);
  rejected_.Restore(place);
  DQ_RETURN_IF_ERROR(place.status());
  return SkipTo(offset_, stop);
}

}  // namespace dq
