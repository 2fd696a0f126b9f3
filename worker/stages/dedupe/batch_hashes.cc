#include "worker/stages/dedupe/batch_hashes.h"

#include <algorithm>

namespace dq {
namespace {

constexpr size_t kRangeRowsMin = 128;

}  // namespace

BatchHashes::BatchHashes(const DedupeOptions& options, const std::vector<size_t>& columns,
                         const std::vector<CellForm>& forms)
    : all_columns_(options.columns.empty()) {
  for (size_t i = 0; i < kRangesMax; ++i) {
    ranges_.push_back({RecordHasher(columns, options.match, forms), {}, {}});
  }
}

absl::Status BatchHashes::Hash(const RowBatch& batch, TaskPool& pool) {
  const size_t rows = batch.row_count();
  hashes_.resize(rows);
  used_ = std::clamp<size_t>(rows / kRangeRowsMin, 1, kRangesMax);
  return pool.ParallelFor(used_, [&](size_t i) {
    HashRange(batch, rows * i / used_, rows * (i + 1) / used_, ranges_[i]);
    return absl::OkStatus();
  });
}

void BatchHashes::HashRange(const RowBatch& batch, size_t begin, size_t end, Range& range) {
  for (std::vector<uint32_t>& rows : range.rows) rows.clear();
  range.blank.clear();
  for (size_t row = begin; row < end; ++row) {
    if (batch.row(row).dropped) continue;
    if (!all_columns_ && range.hasher.IsBlank(batch, row)) {
      range.blank.push_back(static_cast<uint32_t>(row));
      continue;
    }
    hashes_[row] = range.hasher.Hash(batch, row);
    range.rows[hashes_[row].key_high % kPartitions].push_back(static_cast<uint32_t>(row));
  }
}

}  // namespace dq
