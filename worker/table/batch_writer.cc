#include "worker/table/batch_writer.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

// Small ranges: threads that share them end at about the same time.
constexpr size_t kRangesMax = 16;
constexpr size_t kRangeCellsMin = 2048;
// A part that a long row made so large is not kept for the next batch.
constexpr size_t kPartKeptBytes = size_t{4} << 20;

}  // namespace

BatchWriter::BatchWriter(OutputFile& file, std::unique_ptr<RowFormatter> formatter, TaskPool& pool)
    : file_(file), formatter_(std::move(formatter)), pool_(pool), errand_(pool) {
  parts_.fill(Parts(kRangesMax));
}

absl::Status BatchWriter::Add(const RowBatch& batch) {
  Parts& parts = parts_[formatting_];
  const size_t rows = batch.row_count();
  const size_t ranges =
      std::clamp<size_t>(rows * batch.column_count() / kRangeCellsMin, 1, kRangesMax);
  DQ_RETURN_IF_ERROR(pool_.ParallelFor(ranges, [&](size_t i) {
    return formatter_->AppendRows(parts[i], batch, rows * i / ranges, rows * (i + 1) / ranges);
  }));
  DQ_RETURN_IF_ERROR(errand_.Wait());
  formatting_ = 1 - formatting_;
  errand_.Start([this, &parts] { return Write(parts); });
  return absl::OkStatus();
}

absl::Status BatchWriter::Write(Parts& parts) {
  for (std::string& part : parts) {
    DQ_RETURN_IF_ERROR(file_.Write(part));
    if (part.capacity() > kPartKeptBytes) std::string().swap(part);
    part.clear();
  }
  return absl::OkStatus();
}

}  // namespace dq
