// How readers save where a pass stands and go on there: the place in the text, the counts, and what
// bad rows have shown. What a reader has read beyond the place is read again.
#include <algorithm>
#include <string>

#include "common/base/status_macros.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/delimited/csv_reader.h"
#include "worker/table/json/json_lines_reader.h"
#include "worker/table/row_reader.h"

namespace dq {
namespace {

constexpr int64_t kSkipBytes = int64_t{1} << 20;

}  // namespace

void RowReader::SaveCounts(StateWriter& writer) const {
  for (const int64_t count : {counts_.rows, counts_.rejected, counts_.blank_lines,
                              counts_.comment_lines, counts_.padded, counts_.long_quotes}) {
    writer.Put(count);
  }
}

void RowReader::RestoreCounts(StateReader& place) {
  for (int64_t* count : {&counts_.rows, &counts_.rejected, &counts_.blank_lines,
                         &counts_.comment_lines, &counts_.padded, &counts_.long_quotes}) {
    *count = place.GetCount(kStateCountMax);
  }
}

absl::Status RowReader::SkipTo(int64_t offset, const std::function<bool()>& stop) {
  std::string bytes(static_cast<size_t>(kSkipBytes), '\0');
  while (offset > 0) {
    if (stop()) return absl::CancelledError("stopped while the file was read again");
    DQ_ASSIGN_OR_RETURN(
        const size_t got,
        source_->Read(bytes.data(), static_cast<size_t>(std::min(offset, kSkipBytes))));
    if (got == 0) return CheckpointInvalid("the input ends before the place it was read to");
    offset -= static_cast<int64_t>(got);
  }
  return absl::OkStatus();
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

void RecordScanner::Remember(const Doom& doom, int64_t offset) {
  // As if the bytes before had just been scanned: Start keeps what lies behind an earlier offset.
  offset_ = offset - 1;
  doomed_end_ = static_cast<size_t>(std::max<int64_t>(0, doom.end - offset_));
  doomed_kind_ = doom.kind;
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
