#include "worker/table/row_batch.h"

namespace dq {

void RowBatch::Reset(size_t columns) {
  rows_.clear();
  room_.Clear();
  input_bytes = 0;
  dropped_count_ = 0;
  columns_.resize(columns);
  for (auto& column : columns_) column.clear();
}

void RowBatch::AddRow(const RowInfo& info, const std::string_view* cells) {
  rows_.push_back(info);
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].push_back(cells[i]);
}

size_t RowBatch::PlaceOf(int64_t number) const {
  size_t begin = 0;
  size_t end = rows_.size();
  while (end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    (rows_[middle].number <= number ? begin : end) = middle;
  }
  return begin;
}

}  // namespace dq
