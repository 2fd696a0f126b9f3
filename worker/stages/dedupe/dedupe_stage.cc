#include "worker/stages/dedupe/dedupe_stage.h"

#include <algorithm>
#include <array>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/dedupe_rules.h"

namespace dq {
namespace {

constexpr size_t kPrefetchRows = 16;

}  // namespace

bool DedupeStage::learns() const {
  // While it grows, a set may be half as large again as it needs to be.
  const int64_t bytes = FirstRowSet::BytesFor(context_.rows_max()) / 5 * 8;
  return context_.temp_dir_fd >= 0 && bytes > context_.memory.available_bytes();
}

absl::Status DedupeStage::Begin(Pass pass, const std::vector<std::string>& columns) {
  DQ_ASSIGN_OR_RETURN(const std::vector<size_t> compared, ComparedColumns(options_, columns));
  hashes_.emplace(options_, compared, FormsOf(options_, compared.size(), forms_));
  for (FirstRowSet& rows : first_rows_) rows.Clear();
  if (pass == Pass::kLearn) {
    DQ_ASSIGN_OR_RETURN(spilled_, SpilledDuplicates::Create(context_.temp_dir_fd, context_.memory));
  } else if (spilled_ != nullptr) {
    spilled_->Rewind();
  }
  rows_ = exact_ = normalised_ = cluster_count_ = 0;
  if (pass == Pass::kApply && spilled_ == nullptr) ReserveRows();
  return absl::OkStatus();
}

// Makes room for all records at once, when their number is known and there is memory to spare: then
// no set has to grow.
void DedupeStage::ReserveRows() {
  if (!context_.rows_known || !context_.rows_known()) return;
  const int64_t rows = context_.rows_max() / static_cast<int64_t>(kPartitions);
  // Partitions are not quite equal.
  const int64_t each = rows + rows / 32 + 256;
  const int64_t bytes = static_cast<int64_t>(kPartitions) * FirstRowSet::BytesFor(each);
  if (bytes > context_.memory.available_bytes() / 4 * 3) return;
  for (FirstRowSet& set : first_rows_) {
    if (!set.Reserve(each).ok()) return;  // Then it grows as it needs to.
  }
}

absl::Status DedupeStage::Learn(const RowBatch& batch) {
  DQ_RETURN_IF_ERROR(hashes_->Hash(batch, context_.pool));
  // Its partitions are those of the hashes or finer.
  return hashes_->ForEachRow(
      [&](uint32_t row) { return spilled_->Add(hashes_->of(row), batch.row(row).number); });
}

absl::Status DedupeStage::EndLearn() {
  return spilled_ == nullptr ? absl::OkStatus() : spilled_->Find(context_.pool);
}

absl::Status DedupeStage::Apply(RowBatch& batch) {
  const size_t rows = batch.row_count();
  DQ_RETURN_IF_ERROR(spilled_ == nullptr ? FindEarlier(batch) : spilled_->LookUp(batch, earlier_));
  rows_ += static_cast<int64_t>(rows - batch.dropped_count());
  for (size_t row = 0; row < rows; ++row) {
    if (earlier_[row].row != 0) DQ_RETURN_IF_ERROR(TakeDuplicate(batch, row, earlier_[row]));
  }
  return absl::OkStatus();
}

// Finds what is known about the rows of the batch in the sets in memory, and adds them.
absl::Status DedupeStage::FindEarlier(const RowBatch& batch) {
  earlier_.assign(batch.row_count(), {});
  DQ_RETURN_IF_ERROR(hashes_->Hash(batch, context_.pool));
  return context_.pool.ParallelFor(kPartitions,
                                   [&](size_t partition) { return LookUp(batch, partition); });
}

// Looks up the rows of one partition, in order, in the set that holds it.
absl::Status DedupeStage::LookUp(const RowBatch& batch, size_t partition) {
  FirstRowSet& first_rows = first_rows_[partition];
  std::vector<uint32_t>& rows = partition_rows_[partition];
  rows.clear();
  hashes_->ForEachPart(partition, [&](const std::vector<uint32_t>& found) {
    rows.insert(rows.end(), found.begin(), found.end());
  });
  DQ_RETURN_IF_ERROR(first_rows.MakeRoom(rows.size()));
  for (size_t k = 0; k < std::min(kPrefetchRows, rows.size()); ++k) {
    first_rows.Prefetch(hashes_->of(rows[k]));
  }
  for (size_t k = 0; k < rows.size(); ++k) {
    if (k + kPrefetchRows < rows.size()) first_rows.Prefetch(hashes_->of(rows[k + kPrefetchRows]));
    earlier_[rows[k]] = first_rows.Put(hashes_->of(rows[k]), batch.row(rows[k]).number);
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
  const bool stays = options_.duplicates == DuplicateHandling::kKeep;
  if (!stays) batch.Drop(row);
  return WriteMember(batch.row(row).number, earlier.row, stays ? "true" : "false",
                     exact ? "1" : kNormalisedConfidenceText);
}

absl::Status DedupeStage::WriteMember(int64_t row, int64_t cluster, std::string_view kept,
                                      std::string_view confidence) {
  if (context_.clusters == nullptr) return absl::OkStatus();
  const std::string row_text = std::to_string(row);
  const std::string cluster_text = std::to_string(cluster);
  const std::array<std::string_view, 4> cells = {row_text, cluster_text, kept, confidence};
  return context_.clusters->Add(cells);
}

absl::Status DedupeStage::Finish(Report& report) {
  report.duplicates_exact += exact_;
  report.duplicates_normalised += normalised_;
  report.clusters += cluster_count_;
  AddUniqueness(options_, rows_, exact_ + normalised_, report);
  NoteColumnsThatDiffer(options_, rows_, report);
  return absl::OkStatus();
}

}  // namespace dq
