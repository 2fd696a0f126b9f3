// Stage `dedupe` (UC4): keeps the first of equal records and drops the others, exactly equal ones
// or equal after folding. One pass; when the records do not fit in memory, a learn pass before it
// that uses a temporary file. The rules are published in worker/README.md.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/chain/stage.h"
#include "worker/stages/dedupe/batch_hashes.h"
#include "worker/stages/dedupe/cell_form.h"
#include "worker/stages/dedupe/dedupe_rules.h"
#include "worker/stages/dedupe/first_row_set.h"
#include "worker/stages/dedupe/spilled_duplicates.h"

namespace dq {

class DedupeStage final : public Stage {
 public:
  // What `context` points to outlives the stage.
  DedupeStage(DedupeOptions options, const StageContext& context)
      : options_(std::move(options)), context_(context) {
    for (size_t i = 0; i < kPartitions; ++i) first_rows_.emplace_back(context.memory);
  }

  std::string_view name() const override { return "dedupe"; }
  // When there may be more records than fit in memory, and there is a place for temporary files.
  bool learns() const override;
  bool glances() const override { return options_.match == MatchKind::kNormalised; }
  absl::StatusOr<bool> Glance(const std::vector<std::string>& columns,
                              const RowBatch& batch) override {
    return LookAtForms(options_, columns, batch, forms_);
  }
  // SCHEMA_INCOMPATIBLE for a column that is not there.
  absl::Status Begin(Pass pass, const std::vector<std::string>& columns) override;
  absl::Status Learn(const RowBatch& batch) override;
  absl::Status EndLearn() override;
  // OUT_OF_MEMORY when the records do not fit the limit.
  absl::Status Apply(RowBatch& batch) override;
  absl::Status Finish(Report& report) override;
  LearnedState learned_state() const override { return LearnedState::kDecided; }
  absl::Status SaveLearned(StateWriter& writer) const override;
  absl::Status RestoreLearned(StateReader& reader) override;
  absl::Status SaveApplied(StateWriter& writer) const override;
  absl::Status RestoreApplied(StateReader& reader) override;
  int64_t spilled_bytes() const override {
    return spilled_ == nullptr ? 0 : spilled_->spilled_bytes();
  }

 private:
  // The records are kept in so many sets, by their hashes.
  static constexpr size_t kPartitions = BatchHashes::kPartitions;

  void ReserveRows();
  absl::Status FindEarlier(const RowBatch& batch);
  absl::Status LookUp(const RowBatch& batch, size_t partition);
  absl::Status TakeDuplicate(RowBatch& batch, size_t row, const FirstRowSet::Earlier& earlier);
  absl::Status WriteMember(int64_t row, int64_t cluster, std::string_view kept,
                           std::string_view confidence);

  DedupeOptions options_;
  StageContext context_;
  std::optional<CellForms> forms_;
  std::unique_ptr<SpilledDuplicates> spilled_;  // When it has learned.
  std::deque<FirstRowSet> first_rows_;          // By partition.
  std::optional<BatchHashes> hashes_;           // Of the batch at hand, as are the next ones.
  std::array<std::vector<uint32_t>, kPartitions> partition_rows_;
  std::vector<FirstRowSet::Earlier> earlier_;  // By row.
  int64_t rows_ = 0;
  int64_t exact_ = 0;
  int64_t normalised_ = 0;
  int64_t cluster_count_ = 0;
};

}  // namespace dq
