#include "worker/stages/complete/sample/row_sample.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kRowsMin = 64;

// Mixes a row's number (SplitMix64), so that neighbours are chosen independently.
uint64_t HashOfRow(int64_t number) {
  uint64_t mixed = static_cast<uint64_t>(number) + 0x9E3779B97F4A7C15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

}  // namespace

RowSample::RowSample(std::vector<size_t> columns, MemoryBudget& memory)
    : columns_(std::move(columns)),
      texts_(memory, "the sample of the rows"),
      rows_max_(std::clamp(
          kSampleBytesMax / sizeof(std::string_view) / std::max<size_t>(columns_.size(), 1),
          kRowsMin, kSampleRowsMax)),
      cells_(columns_.size()) {}

absl::Status RowSample::Add(const RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    const RowInfo& info = batch.row(row);
    const uint64_t hash = HashOfRow(info.number);
    if (!IsChosen(hash) || info.dropped) continue;
    DQ_RETURN_IF_ERROR(AddRow(batch, row, hash));
    while (hashes_.size() > kRowsMin &&
           (hashes_.size() > rows_max_ || text_bytes_ > kSampleBytesMax)) {
      DQ_RETURN_IF_ERROR(Thin());
    }
  }
  return absl::OkStatus();
}

absl::Status RowSample::AddRow(const RowBatch& batch, size_t row, uint64_t hash) {
  hashes_.push_back(hash);
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string_view cell = TrimSpace(batch.cell(row, columns_[i]));
    DQ_ASSIGN_OR_RETURN(const std::string_view kept, Keep(cell));
    cells_[i].push_back(kept);
  }
  return absl::OkStatus();
}

// Halves the chance of every row and forgets those that are no longer chosen.
absl::Status RowSample::Thin() {
  ++level_;
  const KeptTexts::Bytes old = texts_.Forget();
  text_bytes_ = 0;
  for (std::vector<std::string_view>& cells : cells_) {
    size_t kept = 0;
    for (size_t row = 0; row < hashes_.size(); ++row) {
      if (!IsChosen(hashes_[row])) continue;
      DQ_ASSIGN_OR_RETURN(cells[kept++], Keep(cells[row]));
    }
    cells.resize(kept);
  }
  std::erase_if(hashes_, [this](uint64_t hash) { return !IsChosen(hash); });
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> RowSample::Keep(std::string_view text) {
  DQ_ASSIGN_OR_RETURN(const std::string_view kept, texts_.Keep(text));
  text_bytes_ += kept.size();
  return kept;
}

}  // namespace dq
