#include "worker/stages/dedupe/dedupe_stage.h"

#include <algorithm>
#include <array>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kPrefetchRows = 16;

}  // namespace

absl::Status DedupeStage::Begin(Pass, const std::vector<std::string>& columns) {
  std::vector<size_t> compared;
  for (const std::string& name : options_.columns) {
    DQ_ASSIGN_OR_RETURN(const size_t index, FindColumn(columns, name, "option columns of dedupe"));
    compared.push_back(index);
  }
  if (options_.columns.empty()) {
    for (size_t i = 0; i < columns.size(); ++i) compared.push_back(i);
  }
  hasher_.emplace(std::move(compared), options_.match);
  first_rows_.Clear();
  rows_ = exact_ = normalised_ = cluster_count_ = 0;
  return absl::OkStatus();
}

absl::Status DedupeStage::Learn(const RowBatch&) { return absl::OkStatus(); }

absl::Status DedupeStage::Apply(RowBatch& batch) {
  hashes_.resize(batch.row_count());
  for (size_t row = 0; row < batch.row_count(); ++row) hashes_[row] = hasher_->Hash(batch, row);
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (row + kPrefetchRows < hashes_.size()) first_rows_.Prefetch(hashes_[row + kPrefetchRows]);
    if (batch.row(row).dropped) continue;
    ++rows_;
    // Records without any of the chosen columns say nothing about being the same.
    if (!options_.columns.empty() && hasher_->IsBlank(batch, row)) continue;
    DQ_ASSIGN_OR_RETURN(const FirstRowSet::Earlier earlier,
                        first_rows_.Add(hashes_[row], batch.row(row).number));
    if (earlier.row != 0) DQ_RETURN_IF_ERROR(TakeDuplicate(batch, row, earlier));
  }
  return absl::OkStatus();
}

absl::Status DedupeStage::TakeDuplicate(RowBatch& batch, size_t row,
                                        const FirstRowSet::Earlier& earlier) {
  if (earlier.first_repeat) {
    ++cluster_count_;
    DQ_RETURN_IF_ERROR(WriteMember(earlier.row, earlier.row, "true", "1"));
  }
  const bool exact = options_.match == MatchKind::kExact || earlier.same_spelling;
  ++(exact ? exact_ : normalised_);
  batch.Drop(row);
  return WriteMember(batch.row(row).number, earlier.row, "false", exact ? "1" : "0.95");
}

absl::Status DedupeStage::WriteMember(int64_t row, int64_t cluster, std::string_view kept,
                                      std::string_view confidence) {
  if (clusters_ == nullptr) return absl::OkStatus();
  const std::string row_text = std::to_string(row);
  const std::string cluster_text = std::to_string(cluster);
  const std::array<std::string_view, 4> cells = {row_text, cluster_text, kept, confidence};
  return clusters_->Add(cells);
}

void DedupeStage::Settle(const RowBatch&) {}

absl::Status DedupeStage::Finish(Report& report) {
  report.duplicates_exact += exact_;
  report.duplicates_normalised += normalised_;
  report.clusters += cluster_count_;
  const auto removed = static_cast<double>(exact_ + normalised_);
  const double before = rows_ == 0 ? 100 : 100 * (1 - removed / static_cast<double>(rows_));
  ReportDimension& uniqueness = report.dimensions["uniqueness"];
  // A second dedupe of the chain sees what the first one left.
  if (uniqueness.weight == 0) uniqueness.score_before = before;
  uniqueness.score = 100;
  uniqueness.weight = kUniquenessWeight;
  return absl::OkStatus();
}

}  // namespace dq
