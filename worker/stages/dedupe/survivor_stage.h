// Stage `dedupe` for equal records when another than the first of a cluster may stay, or take over
// cells of the others: records are spilled to temporary files while it learns, so that memory does
// not grow with them. Two passes. The rules are published in worker/README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/chain/stage.h"
#include "worker/stages/dedupe/batch_hashes.h"
#include "worker/stages/dedupe/cell_form.h"
#include "worker/stages/dedupe/dedupe_rules.h"
#include "worker/stages/dedupe/spilled_clusters.h"

namespace dq {

class SurvivorStage final : public Stage {
 public:
  // What `context` points to outlives the stage; it has a directory for temporary files. `options`
  // ask for no fuzzy matching.
  SurvivorStage(DedupeOptions options, const StageContext& context)
      : options_(std::move(options)), context_(context) {}

  std::string_view name() const override { return "dedupe"; }
  bool learns() const override { return true; }
  bool glances() const override { return options_.match == MatchKind::kNormalised; }
  absl::StatusOr<bool> Glance(const std::vector<std::string>& columns,
                              const RowBatch& batch) override {
    return LookAtForms(options_, columns, batch, forms_);
  }
  // SCHEMA_INCOMPATIBLE for a column that is not there.
  absl::Status Begin(Pass pass, const std::vector<std::string>& columns) override;
  // DISK_FULL, IO_FAILED.
  absl::Status Learn(const RowBatch& batch) override;
  // OUT_OF_MEMORY when the hashes of a partition of the records do not fit the limit.
  absl::Status EndLearn() override;
  absl::Status Apply(RowBatch& batch) override;
  absl::Status Finish(Report& report) override;
  LearnedState learned_state() const override { return LearnedState::kDecided; }
  absl::Status SaveLearned(StateWriter& writer) const override;
  absl::Status RestoreLearned(StateReader& reader) override;
  absl::Status SaveApplied(StateWriter& writer) const override;
  absl::Status RestoreApplied(StateReader& reader) override;
  int64_t spilled_bytes() const override {
    return clusters_ == nullptr ? 0 : clusters_->spilled_bytes();
  }

 private:
  absl::Status TakeMember(RowBatch& batch, size_t row, const SpilledClusters::Member& member);
  absl::Status WriteMember(const SpilledClusters::Member& member, std::string_view kept);
  absl::Status MergeCell(RowBatch& batch, const MergedCell& merged);
  std::string_view ConfidenceText(bool same_spelling) const;

  DedupeOptions options_;
  StageContext context_;
  std::optional<CellForms> forms_;
  std::vector<std::string> columns_;
  std::optional<BatchHashes> hashes_;  // Only while it learns.
  std::unique_ptr<SpilledClusters> clusters_;
  std::vector<SpilledClusters::Member> members_;  // Of the batch at hand, by row.
  std::vector<MergedCell> merged_;                // Into the batch at hand.
  int64_t rows_ = 0;
  int64_t exact_ = 0;
  int64_t normalised_ = 0;
  int64_t merged_cells_ = 0;
};

}  // namespace dq
