// Stage `complete` (UC1): learns every column, compares with the reference, finds missing values
// and fills what can be justified. Two passes. The rules are published in worker/README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "worker/chain/stage.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/complete/dependency/dependency_learning.h"
#include "worker/stages/complete/missing/disguise_finder.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/profile/column_profile.h"
#include "worker/stages/complete/reference/reference_table.h"
#include "worker/stages/complete/reference/schema_comparison.h"
#include "worker/stages/complete/row_filler.h"
#include "worker/stages/complete/sample/encoded_column.h"
#include "worker/stages/complete/sample/row_sample.h"

namespace dq {

class CompleteStage final : public Stage {
 public:
  // What the spec says of the reference.
  struct ReferenceSpec {
    std::vector<std::string> keys = {};
    std::string sha256 = {};
    BadRowPolicy on_bad_row = BadRowPolicy::kReject;  // kPad pads the input alone.
  };

  // What `context` points to outlives the stage. `merges`: a later stage fills cells from other
  // rows.
  CompleteStage(CompleteOptions options, ReferenceSpec reference, bool merges,
                StageContext context);

  std::string_view name() const override { return "complete"; }
  bool learns() const override { return true; }
  // The first one loads the reference: errors of ReferenceTable::Load; REFERENCE_MISSING for a key
  // without a reference; SCHEMA_INCOMPATIBLE when the file lacks the key or a column to fill;
  // BAD_FIELD for a value that no column can be filled with.
  absl::Status Begin(Pass pass, const std::vector<std::string>& columns) override;
  absl::Status Learn(const RowBatch& batch) override;
  absl::Status EndLearn() override;
  absl::Status Apply(RowBatch& batch) override;
  void Settle(const RowBatch& batch) override;
  absl::Status Finish(Report& report) override;
  std::vector<bool> number_columns() const override;
  LearnedState learned_state() const override { return LearnedState::kCollected; }
  absl::Status SaveLearned(StateWriter& writer) const override;
  absl::Status RestoreLearned(StateReader& reader) override;
  absl::Status SaveApplied(StateWriter& writer) const override;
  absl::Status RestoreApplied(StateReader& reader) override;
  int64_t spilled_bytes() const override {
    return reference_ == nullptr ? 0 : reference_->spilled_bytes();
  }

 private:
  // A value that could stand for "no value", but goes with the values of another column.
  struct ExplainedValue {
    std::string value;
    size_t column;
    size_t by;
  };
  // What the rows that left the chain hold.
  struct CellCounts {
    int64_t cells = 0;
    int64_t missing = 0;
    int64_t invalid = 0;
  };

  absl::Status Prepare(const std::vector<std::string>& columns);
  absl::Status PlaceFillValues();
  absl::Status LoadReference();
  absl::Status TakeProfileMemory();
  absl::Status ForEachColumn(absl::FunctionRef<void(size_t)> work);
  void LearnFromColumn(const RowBatch& batch, size_t column);
  absl::StatusOr<std::vector<DisguiseFindings>> FindEvidence(std::vector<EncodedColumn>& sampled);
  void ChooseStatistics();
  void LearnColumn(size_t column, DisguiseFindings disguises, EncodedColumn& sampled);
  absl::Status LearnDependent(std::vector<EncodedColumn> sampled);
  absl::Status CompareWithReference(const std::vector<EncodedColumn>& sampled);
  absl::Status WriteChanges(const RowBatch& batch, const RowFiller& filler);
  CellCounts CountCells(const RowBatch& batch, size_t row) const;
  void SumFillers();
  void AddDimensions(Report& report) const;
  void AddLimits(Report& report) const;
  void AddCategories(Report& report) const;
  void AddExplained(Report& report) const;
  void AddDifferences(Report& report) const;

  CompleteOptions options_;
  ReferenceSpec reference_spec_;
  bool merges_;
  StageContext context_;
  MissingTokens tokens_;
  std::vector<std::string> columns_;
  std::vector<size_t> key_columns_;                          // In the file.
  std::vector<std::pair<size_t, std::string>> fill_values_;  // By column.
  std::unique_ptr<ReferenceTable> reference_;
  std::vector<ColumnProfile> profiles_;  // While learning, as is the next one.
  std::vector<size_t> learners_;         // The columns in the order in which they are learned.
  std::vector<double> learn_seconds_;    // By column, of the last batch.
  std::unique_ptr<RowSample> sample_;
  TakenBytes profile_bytes_;              // Taken for them.
  std::vector<ColumnFindings> findings_;  // After.
  DependencyTables dependencies_;
  std::vector<ExplainedValue> explained_;
  ReportMissingness missingness_;
  size_t sample_rows_ = 0;  // That were learned from; 0: all.
  SchemaFindings schema_;
  std::optional<FillRules> rules_;  // Of the pass at hand, as are the next ones.
  std::vector<RowFiller> fillers_;  // One a range of rows.
  RowFiller::RowCounts rows_;       // Of the batch at hand.
  CellCounts after_;
};

}  // namespace dq
