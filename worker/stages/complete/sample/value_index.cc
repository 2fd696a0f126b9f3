#include "worker/stages/complete/sample/value_index.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace dq {

ValueIndex::ValueIndex(const EncodedColumn& column) : column_(column) {
  hashes_.reserve(column.values.size());
  codes_.reserve(column.values.size());
  Refresh();
}

uint64_t ValueIndex::HashOf(std::string_view value) {
  return XXH3_64bits(value.data(), value.size());
}

uint32_t ValueIndex::CodeOf(uint64_t hash) const {
  const auto found = codes_.find(hash);
  return found == codes_.end() ? EncodedColumn::kBlank : found->second;
}

void ValueIndex::Refresh() {
  for (size_t code = hashes_.size(); code < column_.values.size(); ++code) {
    hashes_.push_back(HashOf(column_.values[code]));
    codes_.emplace(hashes_.back(), static_cast<uint32_t>(code));
  }
  rows_.clear();
}

std::span<const uint32_t> ValueIndex::Rows(uint32_t code) {
  if (rows_.empty()) GroupRows();
  return std::span(rows_).subspan(starts_[code], starts_[code + 1] - starts_[code]);
}

void ValueIndex::GroupRows() {
  const std::vector<uint32_t>& codes = column_.codes;
  // The start of a code moves to its end, which is the next one's start.
  starts_.assign(column_.values.size() + 2, 0);
  for (const uint32_t code : codes) {
    if (code != EncodedColumn::kBlank) ++starts_[code + 2];
  }
  for (size_t code = 2; code < starts_.size(); ++code) starts_[code] += starts_[code - 1];
  rows_.resize(starts_.back());
  for (uint32_t row = 0; row < codes.size(); ++row) {
    if (codes[row] != EncodedColumn::kBlank) rows_[starts_[codes[row] + 1]++] = row;
  }
}

ValueIndex& ValueIndexes::Of(size_t column) {
  std::optional<ValueIndex>& index = indexes_[column];
  if (!index.has_value()) index.emplace(columns_[column]);
  return *index;
}

}  // namespace dq
