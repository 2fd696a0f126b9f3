#include "worker/stages/dedupe/spilled_duplicates.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace dq {

absl::StatusOr<std::unique_ptr<SpilledDuplicates>> SpilledDuplicates::Create(int temp_dir_fd,
                                                                             MemoryBudget& memory) {
  std::unique_ptr<SpilledDuplicates> spilled(new SpilledDuplicates(memory));
  DQ_ASSIGN_OR_RETURN(spilled->records_,
                      PartitionedSpill<Record>::Create(temp_dir_fd, kPartitions));
  DQ_ASSIGN_OR_RETURN(spilled->duplicates_,
                      PartitionedSpill<Duplicate>::Create(temp_dir_fd, kPartitions));
  return spilled;
}

absl::Status SpilledDuplicates::Add(const RecordHash& hash, int64_t row) {
  return records_->Add(hash.key_high % kPartitions, {hash, row});
}

absl::Status SpilledDuplicates::Find(TaskPool& pool) {
  const auto threads = static_cast<size_t>(pool.threads());
  for (size_t first = 0; first < kPartitions; first += threads) {
    const size_t count = std::min(threads, kPartitions - first);
    std::vector<std::vector<Duplicate>> found(count);
    DQ_RETURN_IF_ERROR(pool.ParallelFor(count, [&](size_t i) -> absl::Status {
      DQ_ASSIGN_OR_RETURN(found[i], FindIn(first + i));
      return absl::OkStatus();
    }));
    for (size_t i = 0; i < count; ++i) {
      for (const Duplicate& duplicate : found[i]) {
        DQ_RETURN_IF_ERROR(duplicates_->Add(first + i, duplicate));
      }
    }
  }
  records_bytes_ = records_->spilled_bytes();
  records_.reset();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SpilledDuplicates::Duplicate>> SpilledDuplicates::FindIn(
    size_t partition) const {
  std::vector<Duplicate> found;
  FirstRowSet first_rows(memory_);
  DQ_RETURN_IF_ERROR(first_rows.Reserve(records_->count(partition)));
  PartitionedSpill<Record>::Cursor cursor(*records_, partition);
  for (;;) {
    DQ_ASSIGN_OR_RETURN(const Record* const record, cursor.Peek());
    if (record == nullptr) return found;
    DQ_ASSIGN_OR_RETURN(const auto earlier, first_rows.Add(record->hash, record->row));
    if (earlier.row != 0) found.push_back({record->row, earlier});
    cursor.Advance();
  }
}

void SpilledDuplicates::Rewind() {
  cursors_.clear();
  for (size_t i = 0; i < kPartitions; ++i) cursors_.emplace_back(*duplicates_, i);
}

absl::Status SpilledDuplicates::LookUp(const RowBatch& batch,
                                       std::vector<FirstRowSet::Earlier>& earlier) {
  earlier.assign(batch.row_count(), {});
  if (batch.row_count() == 0) return absl::OkStatus();
  const int64_t first = batch.row(0).number;
  const int64_t last = batch.row(batch.row_count() - 1).number;
  for (auto& cursor : cursors_) {
    for (;;) {
      DQ_ASSIGN_OR_RETURN(const Duplicate* const duplicate, cursor.Peek());
      if (duplicate == nullptr || duplicate->row > last) break;
      // Earlier ones belong to rows that a run before this one has seen.
      if (duplicate->row >= first) earlier[batch.PlaceOf(duplicate->row)] = duplicate->earlier;
      cursor.Advance();
    }
  }
  return absl::OkStatus();
}

}  // namespace dq
