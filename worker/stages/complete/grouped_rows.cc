#include "worker/stages/complete/grouped_rows.h"

#include <algorithm>

namespace dq {
namespace {

// Sorts rows by their code in a column, rows of equal codes as they were; drops rows without one.
std::vector<uint32_t> SortedBy(const EncodedColumn& column, const std::vector<uint32_t>& rows) {
  std::vector<uint32_t> ends(column.values.size() + 1, 0);
  for (const uint32_t row : rows) {
    if (column.codes[row] != EncodedColumn::kBlank) ++ends[column.codes[row] + 1];
  }
  for (size_t code = 1; code < ends.size(); ++code) ends[code] += ends[code - 1];
  std::vector<uint32_t> sorted(ends.back());
  for (const uint32_t row : rows) {
    if (column.codes[row] != EncodedColumn::kBlank) sorted[ends[column.codes[row]]++] = row;
  }
  return sorted;
}

}  // namespace

GroupedRows::GroupedRows(const std::vector<const EncodedColumn*>& determinants) {
  rows_.resize(determinants[0]->codes.size());
  for (uint32_t row = 0; row < rows_.size(); ++row) rows_[row] = row;
  for (const EncodedColumn* column : determinants) rows_ = SortedBy(*column, rows_);
  const auto equal = [&](uint32_t a, uint32_t b) {
    return std::all_of(determinants.begin(), determinants.end(), [&](const EncodedColumn* column) {
      return column->codes[a] == column->codes[b];
    });
  };
  for (uint32_t i = 0; i < rows_.size(); ++i) {
    if (i == 0 || !equal(rows_[i], rows_[i - 1])) starts_.push_back(i);
  }
  starts_.push_back(static_cast<uint32_t>(rows_.size()));
}

void GroupedRows::ForEach(const EncodedColumn& target, uint32_t rows_min,
                          absl::FunctionRef<void(const VoteGroup&, uint32_t)> see) {
  counts_.assign(target.values.size(), 0);
  for (size_t i = 0; i + 1 < starts_.size(); ++i) {
    if (starts_[i + 1] - starts_[i] < rows_min) continue;
    CountVotes(target, starts_[i], starts_[i + 1]);
    see(group_, rows_[starts_[i]]);
  }
}

void GroupedRows::CountVotes(const EncodedColumn& target, size_t begin, size_t end) {
  group_.missing = 0;
  group_.votes.clear();
  for (size_t i = begin; i < end; ++i) {
    const uint32_t code = target.codes[rows_[i]];
    if (code == EncodedColumn::kBlank) {
      ++group_.missing;
    } else if (counts_[code]++ == 0) {
      group_.votes.push_back({code, 0});
    }
  }
  for (VoteGroup::Vote& vote : group_.votes) {
    vote.count = counts_[vote.value];
    counts_[vote.value] = 0;
  }
  if (group_.votes.size() > 1) group_.Order();
}

}  // namespace dq
