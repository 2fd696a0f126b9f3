// Clusters of equal records of which another than the first may stay, or take over cells: records
// go to temporary files, by partition of their hashes; each partition is looked through on its own,
// and what was found is given out again in the order of the rows. Memory is what one partition's
// hashes take. Not thread-safe, but it uses the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/memory_budget.h"
#include "worker/stages/dedupe/age_ranks.h"
#include "worker/stages/dedupe/cell_votes.h"
#include "worker/stages/dedupe/cluster_table.h"
#include "worker/stages/dedupe/record_ranks.h"
#include "worker/table/bytes/partitioned_bytes.h"
#include "worker/table/bytes/partitioned_spill.h"
#include "worker/table/row_batch.h"

namespace dq {

class StateReader;
class StateWriter;

class SpilledClusters {
 public:
  // A record of a cluster of two and more.
  struct Member {
    int64_t row = 0;
    int64_t survivor = 0;
    int64_t same_spelling = 0;  // 1: as that of the survivor.
  };

  // Files are made in the directory `temp_dir_fd`. `memory` outlives this object.
  // SCHEMA_INCOMPATIBLE for a column that is not among `columns`.
  static absl::StatusOr<std::unique_ptr<SpilledClusters>> Create(
      const DedupeOptions& options, const std::vector<std::string>& columns, int temp_dir_fd,
      MemoryBudget& memory);

  // Notes a record; the rows of a partition (by `hash.key_high`) ascend. DISK_FULL or IO_FAILED.
  absl::Status Add(const RowBatch& batch, size_t row, const RecordHash& hash);
  // Notes a record that equals no other one: it tells how dates are written. Those rows ascend.
  absl::Status AddAlone(const RowBatch& batch, size_t row);
  // Finds the clusters, when all records are noted. CANCELLED when `stop` says so; OUT_OF_MEMORY
  // when a partition does not fit.
  absl::Status Find(TaskPool& pool, const std::function<bool()>& stop);

  // After Find: how many clusters of which size (beyond 16 by powers of two); what was not certain,
  // a sentence or "".
  const std::map<int64_t, int64_t>& clusters_by_size() const { return clusters_by_size_; }
  const std::string& note() const { return note_; }
  // Writes what Find has found; Restore reads it into a new object. DISK_FULL or IO_FAILED, and
  // CHECKPOINT_INVALID for what cannot have been found.
  absl::Status Save(StateWriter& writer) const;
  absl::Status Restore(StateReader& reader);

  // Starts to give out what was found from the first row on. IO_FAILED.
  absl::Status Rewind();
  // Puts what is known about the rows of the batch to `members`, one a row, and by row and column
  // the cells that its survivors take over to `merged`. Batches ascend.
  absl::Status LookUp(const RowBatch& batch, std::vector<Member>& members,
                      std::vector<MergedCell>& merged);

  int64_t spilled_bytes() const;

 private:
  static constexpr size_t kPartitions = 128;

  struct Record {
    RecordHash hash;
    int64_t row;
    double rank;  // NaN: the value is in `values_`.
  };
  // What was found in a partition.
  struct Found {
    std::unique_ptr<ClusterTable> table;
    std::vector<Member> members;
    std::optional<TakenBytes> members_bytes;
    UnrankedCells unranked;
  };
  struct MergeCursor {
    PartitionedBytes::Cursor cursor;
    std::optional<MergedCell> next;
  };

  SpilledClusters(RecordRanks ranks, const DedupeOptions& options, size_t columns,
                  MemoryBudget& memory);
  size_t PartitionsAtOnce(TaskPool& pool) const;
  absl::Status FindIn(size_t partition, Found& found) const;
  absl::Status BuildTable(size_t partition, Found& found) const;
  absl::Status ListMembers(size_t partition, Found& found) const;
  absl::Status Keep(size_t partition, const Found& found);
  absl::Status Merge(size_t partition, const ClusterTable& table);
  absl::Status ScanClusters(size_t partition, const ClusterTable& table,
                            const CellVotes::Visit& visit) const;
  absl::Status AddMerged(size_t partition, const MergedCell& merged);
  static std::optional<MergedCell> DecodeMerged(std::string_view text);
  absl::Status NextMerged(MergeCursor& cursor);
  absl::Status RestorePartition(size_t partition, StateReader& reader);

  RecordRanks ranks_;
  std::string newest_column_;
  bool merges_;
  size_t columns_;
  MemoryBudget& memory_;
  std::unique_ptr<PartitionedSpill<Record>> records_;  // Until Find, as are the next ones.
  std::unique_ptr<PartitionedBytes> values_;  // That decide, each behind its row; those of records
                                              // that are alone in a partition of their own.
  std::unique_ptr<PartitionedBytes> cells_;   // Of all records, to merge.
  std::string text_;                          // What is added to them.
  int64_t learned_bytes_ = 0;                 // That these have spilled.
  std::unique_ptr<PartitionedSpill<Member>> members_;
  std::unique_ptr<PartitionedBytes> merged_;
  std::map<int64_t, int64_t> clusters_by_size_;
  std::string note_;
  std::vector<PartitionedSpill<Member>::Cursor> member_cursors_;
  std::vector<MergeCursor> merge_cursors_;
};

}  // namespace dq
