#include "worker/stages/complete/dependency/voter_cells.h"

#include <utility>

#include "worker/stages/complete/dependency/dependency_rule.h"

namespace dq {
namespace {

constexpr uint32_t kNotKept = UINT32_MAX;

}  // namespace

VoterCells::VoterCells(const std::vector<EncodedColumn>& rows, std::vector<size_t> columns)
    : rows_(&rows), columns_(std::move(columns)) {}

uint32_t VoterCells::Keep(uint32_t row) {
  if (places_.empty()) places_.assign((*rows_)[0].codes.size(), kNotKept);
  uint32_t& place = places_[row];
  if (place != kNotKept) return place;
  place = static_cast<uint32_t>(cells_.size() / columns_.size());
  for (const size_t column : columns_) {
    const EncodedColumn& cells = (*rows_)[column];
    const uint32_t code = cells.codes[row];
    cells_.push_back(code == EncodedColumn::kBlank ? DependencyRule::kNoValue
                                                   : DependencyRule::HashOf(cells.values[code]));
  }
  return place;
}

void VoterCells::Close() {
  rows_ = nullptr;
  places_ = {};
  cells_.shrink_to_fit();
}

size_t VoterCells::bytes() const {
  return places_.capacity() * sizeof(uint32_t) + cells_.capacity() * sizeof(uint64_t);
}

}  // namespace dq
