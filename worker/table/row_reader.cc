#include "worker/table/row_reader.h"

#include <algorithm>
#include <string>

#include "common/base/status_macros.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr int64_t kSkipBytes = int64_t{1} << 20;

}  // namespace

void RowReader::StartOver(RowSink* rejects) {
  source_->Rewind();
  rejected_.Start(rejects);
  raw_counted_ = 0;
  counts_ = {};
}

void RowReader::CountInput(RowBatch& batch) {
  batch.input_bytes = source_->raw_position() - raw_counted_;
  raw_counted_ += batch.input_bytes;
}

void RowReader::SaveCounts(StateWriter& writer) const {
  for (const int64_t count :
       {counts_.rows, counts_.rejected, counts_.blank_lines, counts_.comment_lines, counts_.padded,
        counts_.long_quotes, counts_.repeated_headers}) {
    writer.Put(count);
  }
}

void RowReader::RestoreCounts(StateReader& place) {
  for (int64_t* count :
       {&counts_.rows, &counts_.rejected, &counts_.blank_lines, &counts_.comment_lines,
        &counts_.padded, &counts_.long_quotes, &counts_.repeated_headers}) {
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

}  // namespace dq
