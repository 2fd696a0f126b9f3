// A fixed-size sample of a table's rows: all of them while they are few, then rows chosen by a hash
// of their numbers, each with the same chance. Under the learners of stage `complete` that need
// whole rows. What is chosen depends on the rows alone. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/memory_budget.h"
#include "worker/stages/complete/sample/kept_texts.h"
#include "worker/table/row_batch.h"

namespace dq {

class StateReader;
class StateWriter;

inline constexpr size_t kSampleRowsMax = 16384;
inline constexpr size_t kSampleBytesMax = size_t{8} << 20;

class RowSample {
 public:
  // Keeps the cells of `columns` (places in the batches). `memory` outlives the sample.
  RowSample(std::vector<size_t> columns, MemoryBudget& memory);

  // Looks at the rows of a batch; dropped ones are left out. OUT_OF_MEMORY when the sample does not
  // fit into the limit.
  absl::Status Add(const RowBatch& batch);

  // Writes the rows; Restore reads them into a new sample of the same columns. OUT_OF_MEMORY, and
  // CHECKPOINT_INVALID for what cannot be a sample.
  void Save(StateWriter& writer) const;
  absl::Status Restore(StateReader& reader);

  // Whether every row added so far is in the sample.
  bool complete() const { return level_ == 0; }
  size_t row_count() const { return hashes_.size(); }
  // The trimmed cells of the sample's `index`th column, in the order of the rows. Valid until the
  // next Add.
  std::span<const std::string_view> column(size_t index) const { return cells_[index]; }

 private:
  absl::Status AddRow(const RowBatch& batch, size_t row, uint64_t hash);
  absl::Status Thin();
  absl::StatusOr<std::string_view> Keep(std::string_view text);
  bool IsChosen(uint64_t hash) const { return level_ == 0 || (hash >> (64 - level_)) == 0; }

  std::vector<size_t> columns_;
  KeptTexts texts_;
  size_t rows_max_;
  int level_ = 0;                 // A row is chosen when so many leading bits of its hash are zero.
  std::vector<uint64_t> hashes_;  // Of the rows chosen.
  std::vector<std::vector<std::string_view>> cells_;  // By column.
  size_t text_bytes_ = 0;                             // Of the cells.
};

}  // namespace dq
