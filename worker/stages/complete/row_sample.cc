#include "worker/stages/complete/row_sample.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/value_type.h"

namespace dq {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
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
      memory_(&memory),
      rows_max_(std::clamp(
          kSampleBytesMax / sizeof(std::string_view) / std::max<size_t>(columns_.size(), 1),
          kRowsMin, kSampleRowsMax)),
      cells_(columns_.size()) {}

RowSample::RowSample(RowSample&& other) noexcept
    : columns_(std::move(other.columns_)),
      memory_(other.memory_),
      taken_bytes_(std::exchange(other.taken_bytes_, 0)),
      rows_max_(other.rows_max_),
      level_(other.level_),
      hashes_(std::move(other.hashes_)),
      cells_(std::move(other.cells_)),
      chunks_(std::move(other.chunks_)),
      chunk_used_(other.chunk_used_),
      text_bytes_(other.text_bytes_) {}

RowSample::~RowSample() { memory_->Release(taken_bytes_); }

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
    DQ_ASSIGN_OR_RETURN(const std::string_view kept, Keep(cell.substr(0, kSampleCellBytesMax)));
    cells_[i].push_back(kept);
  }
  return absl::OkStatus();
}

// Halves the chance of every row and forgets those that are no longer chosen.
absl::Status RowSample::Thin() {
  ++level_;
  const Bytes old = std::exchange(chunks_, {});
  chunk_used_ = 0;
  text_bytes_ = 0;
  memory_->Release(std::exchange(taken_bytes_, 0));
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
  if (text.empty()) return std::string_view();
  if (chunks_.empty() || kChunkBytes - chunk_used_ < text.size()) {
    // The views take about as much as the texts.
    DQ_RETURN_IF_ERROR(memory_->Take(2 * kChunkBytes, "the sample of the rows"));
    taken_bytes_ += 2 * kChunkBytes;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunkBytes));
    chunk_used_ = 0;
  }
  char* const out = chunks_.back().get() + chunk_used_;
  std::memcpy(out, text.data(), text.size());
  chunk_used_ += text.size();
  text_bytes_ += text.size();
  return std::string_view(out, text.size());
}

}  // namespace dq
