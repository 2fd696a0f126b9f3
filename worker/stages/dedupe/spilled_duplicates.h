// Finds duplicates when the records do not fit in memory: their hashes go to a temporary file, by
// partition of the hashes; each partition is looked through on its own, and the duplicates found
// are given out again in the order of the rows. Not thread-safe, but it uses the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/chain/memory_budget.h"
#include "worker/stages/dedupe/first_row_set.h"
#include "worker/table/bytes/partitioned_spill.h"
#include "worker/table/row_batch.h"

namespace dq {

class StateReader;
class StateWriter;

class SpilledDuplicates {
 public:
  // Files are made in the directory `temp_dir_fd`. `memory` outlives this object.
  static absl::StatusOr<std::unique_ptr<SpilledDuplicates>> Create(int temp_dir_fd,
                                                                   MemoryBudget& memory);

  // Notes a record; rows ascend. DISK_FULL or IO_FAILED.
  absl::Status Add(const RecordHash& hash, int64_t row);
  // Finds the duplicates, when all records are noted. OUT_OF_MEMORY when a partition does not fit.
  absl::Status Find(TaskPool& pool);
  // Writes what Find has found; Restore reads it into a new object. DISK_FULL or IO_FAILED, and
  // CHECKPOINT_INVALID for what cannot have been found.
  absl::Status Save(StateWriter& writer) const;
  absl::Status Restore(StateReader& reader);
  // Starts to give out the duplicates from the first row on.
  void Rewind();
  // Puts what is known about the rows of the batch to `earlier`, one a row. Batches ascend.
  absl::Status LookUp(const RowBatch& batch, std::vector<FirstRowSet::Earlier>& earlier);

  int64_t spilled_bytes() const { return records_bytes_ + duplicates_->spilled_bytes(); }

 private:
  static constexpr size_t kPartitions = 64;

  struct Record {
    RecordHash hash;
    int64_t row;
  };
  struct Duplicate {
    int64_t row;
    FirstRowSet::Earlier earlier;
  };

  explicit SpilledDuplicates(MemoryBudget& memory) : memory_(memory) {}
  absl::StatusOr<std::vector<Duplicate>> FindIn(size_t partition) const;

  MemoryBudget& memory_;
  std::unique_ptr<PartitionedSpill<Record>> records_;  // Until Find.
  int64_t records_bytes_ = 0;
  std::unique_ptr<PartitionedSpill<Duplicate>> duplicates_;
  std::vector<PartitionedSpill<Duplicate>::Cursor> cursors_;
};

}  // namespace dq
