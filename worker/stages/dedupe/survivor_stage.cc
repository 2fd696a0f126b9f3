#include "worker/stages/dedupe/survivor_stage.h"

#include <array>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/dedupe_rules.h"

namespace dq {

absl::Status SurvivorStage::Begin(Pass pass, const std::vector<std::string>& columns) {
  rows_ = exact_ = normalised_ = merged_cells_ = 0;
  if (pass == Pass::kApply) {
    hashes_.reset();
    return clusters_->Rewind();
  }
  columns_ = columns;
  DQ_ASSIGN_OR_RETURN(const std::vector<size_t> compared, ComparedColumns(options_, columns));
  hashes_.emplace(options_, compared, FormsOf(options_, compared.size(), forms_));
  DQ_ASSIGN_OR_RETURN(
      clusters_, SpilledClusters::Create(options_, columns, context_.temp_dir_fd, context_.memory));
  return absl::OkStatus();
}

absl::Status SurvivorStage::Learn(const RowBatch& batch) {
  DQ_RETURN_IF_ERROR(hashes_->Hash(batch, context_.pool));
  DQ_RETURN_IF_ERROR(hashes_->ForEachRow(
      [&](uint32_t row) { return clusters_->Add(batch, row, hashes_->of(row)); }));
  return hashes_->ForEachBlank([&](uint32_t row) { return clusters_->AddAlone(batch, row); });
}

absl::Status SurvivorStage::EndLearn() { return clusters_->Find(context_.pool, context_.stop); }

absl::Status SurvivorStage::Apply(RowBatch& batch) {
  DQ_RETURN_IF_ERROR(clusters_->LookUp(batch, members_, merged_));
  rows_ += static_cast<int64_t>(batch.row_count() - batch.dropped_count());
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (members_[row].row != 0) DQ_RETURN_IF_ERROR(TakeMember(batch, row, members_[row]));
  }
  for (const MergedCell& merged : merged_) DQ_RETURN_IF_ERROR(MergeCell(batch, merged));
  return absl::OkStatus();
}

absl::Status SurvivorStage::TakeMember(RowBatch& batch, size_t row,
                                       const SpilledClusters::Member& member) {
  if (member.row == member.survivor) return WriteMember(member, "true");
  ++(member.same_spelling != 0 ? exact_ : normalised_);
  const bool stays = options_.duplicates == DuplicateHandling::kKeep;
  if (!stays) batch.Drop(row);
  return WriteMember(member, stays ? "true" : "false");
}

std::string_view SurvivorStage::ConfidenceText(bool same_spelling) const {
  return same_spelling ? "1" : kNormalisedConfidenceText;
}

absl::Status SurvivorStage::WriteMember(const SpilledClusters::Member& member,
                                        std::string_view kept) {
  if (context_.clusters == nullptr) return absl::OkStatus();
  const std::string row = std::to_string(member.row);
  const std::string cluster = std::to_string(member.survivor);
  const std::array<std::string_view, 4> cells = {row, cluster, kept,
                                                 ConfidenceText(member.same_spelling != 0)};
  return context_.clusters->Add(cells);
}

absl::Status SurvivorStage::MergeCell(RowBatch& batch, const MergedCell& merged) {
  ++merged_cells_;
  const size_t row = batch.PlaceOf(merged.survivor);
  if (context_.changes != nullptr) {
    const std::string number = std::to_string(merged.survivor);
    const std::array<std::string_view, 6> cells = {number,
                                                   columns_[merged.column],
                                                   batch.cell(row, merged.column),
                                                   merged.value,
                                                   "merge",
                                                   ConfidenceText(merged.same_spelling)};
    DQ_RETURN_IF_ERROR(context_.changes->Add(cells));
  }
  batch.SetCell(row, merged.column, merged.value);
  return absl::OkStatus();
}

absl::Status SurvivorStage::Finish(Report& report) {
  report.duplicates_exact += exact_;
  report.duplicates_normalised += normalised_;
  report.cells_filled += merged_cells_;
  for (const auto& [size, clusters] : clusters_->clusters_by_size()) {
    report.clusters += clusters;
    report.clusters_by_size[size] += clusters;
  }
  AddUniqueness(options_, rows_, exact_ + normalised_, report);
  NoteColumnsThatDiffer(options_, rows_, report);
  if (!clusters_->note().empty()) report.limits.push_back(clusters_->note());
  return absl::OkStatus();
}

}  // namespace dq
