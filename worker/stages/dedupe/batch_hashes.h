// The hashes of a batch of records, worked out in ranges of rows by all threads. Sits under both
// forms of stage `dedupe` that compare by hashes. One batch at a time; reading is thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "common/base/status_macros.h"
#include "common/base/task_pool.h"
#include "worker/chain/chain_spec.h"
#include "worker/stages/dedupe/first_row_set.h"
#include "worker/stages/dedupe/record_hasher.h"
#include "worker/table/row_batch.h"

namespace dq {

class BatchHashes {
 public:
  // The records of a batch are told apart by their hashes into so many partitions.
  static constexpr size_t kPartitions = 16;

  // Compares `columns` (indexes), each in its form, as `options` say.
  BatchHashes(const DedupeOptions& options, const std::vector<size_t>& columns,
              const std::vector<CellForm>& forms);

  // Hashes the rows of the batch that are not dropped.
  absl::Status Hash(const RowBatch& batch, TaskPool& pool);
  const RecordHash& of(size_t row) const { return hashes_[row]; }

  // Calls visit(rows) for the rows of one partition, in order, some at a time. Not with records
  // without any of the chosen columns, which say nothing about being the same.
  template <typename Visit>
  void ForEachPart(size_t partition, const Visit& visit) const {
    for (size_t i = 0; i < used_; ++i) visit(ranges_[i].rows[partition]);
  }
  // Calls visit(row), which returns a status, for the rows of all partitions, those of each in
  // order; ends with the first error.
  template <typename Visit>
  absl::Status ForEachRow(const Visit& visit) const {
    for (size_t partition = 0; partition < kPartitions; ++partition) {
      for (size_t i = 0; i < used_; ++i) {
        for (const uint32_t row : ranges_[i].rows[partition]) DQ_RETURN_IF_ERROR(visit(row));
      }
    }
    return absl::OkStatus();
  }
  // The same for the records without any of the chosen columns, in order.
  template <typename Visit>
  absl::Status ForEachBlank(const Visit& visit) const {
    for (size_t i = 0; i < used_; ++i) {
      for (const uint32_t row : ranges_[i].blank) DQ_RETURN_IF_ERROR(visit(row));
    }
    return absl::OkStatus();
  }

 private:
  // A batch is hashed in so many ranges.
  static constexpr size_t kRangesMax = 16;

  struct Range {
    RecordHasher hasher;
    std::array<std::vector<uint32_t>, kPartitions> rows;
    std::vector<uint32_t> blank;
  };

  void HashRange(const RowBatch& batch, size_t begin, size_t end, Range& range);

  bool all_columns_;
  std::vector<Range> ranges_;
  size_t used_ = 0;
  std::vector<RecordHash> hashes_;  // By row.
};

}  // namespace dq
