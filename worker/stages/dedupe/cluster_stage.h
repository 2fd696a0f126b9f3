// Stage `dedupe` when it must see all records before it decides: fuzzy matching, survivors other
// than the first record of a cluster, and cells merged into the survivor. Two passes: the first
// collects the records, the second drops those that do not stay. The rules are published in
// worker/README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "worker/chain/stage.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/cell_form.h"
#include "worker/stages/dedupe/dedupe_rules.h"
#include "worker/stages/dedupe/fuzzy/fuzzy_matcher.h"
#include "worker/stages/dedupe/record_store.h"
#include "worker/stages/dedupe/survivorship.h"

namespace dq {

class ClusterStage final : public Stage {
 public:
  // What `context` points to outlives the stage.
  ClusterStage(DedupeOptions options, const StageContext& context)
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
  // OUT_OF_MEMORY when the records do not fit the limit.
  absl::Status Learn(const RowBatch& batch) override;
  absl::Status EndLearn() override;
  bool decides_long() const override { return options_.match == MatchKind::kFuzzy; }
  absl::Status Apply(RowBatch& batch) override;
  absl::Status Finish(Report& report) override;

 private:
  // How a record relates to the one that stays.
  enum class Kinship { kExact, kNormalised, kFuzzy };

  std::vector<RecordId> FindEqualRecords() const;
  void ChooseSurvivors();
  std::span<const RecordId> MembersOf(RecordId leader) const;
  Kinship KinshipOf(RecordId record, RecordId survivor) const;
  double ConfidenceOf(RecordId record, RecordId survivor) const;
  std::string ExplanationOf(RecordId record, RecordId survivor) const;
  absl::Status WriteMember(RecordId record, RecordId survivor);
  absl::Status MergeCells(RowBatch& batch, size_t row, RecordId survivor);

  DedupeOptions options_;
  StageContext context_;
  std::vector<std::string> columns_;
  std::optional<CellForms> forms_;
  std::unique_ptr<RecordStore> store_;
  std::optional<Survivorship> survivorship_;
  std::optional<TakenBytes> taken_;
  std::vector<RecordId> equal_to_;
  std::unique_ptr<FuzzyMatcher> matcher_;  // Only for fuzzy matching.
  FuzzyClusters clusters_;
  std::vector<RecordId> members_;      // Cluster by cluster, ascending.
  std::vector<RecordId> begins_;       // Where a leader's members begin in `members_`.
  std::vector<RecordId> survivor_of_;  // By leader.
  RecordId next_ = 0;                  // The record of the next row that is applied.
  int64_t exact_ = 0;
  int64_t normalised_ = 0;
  int64_t fuzzy_ = 0;
  int64_t merged_ = 0;
};

}  // namespace dq
