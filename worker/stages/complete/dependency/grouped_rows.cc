#include "worker/stages/complete/dependency/grouped_rows.h"

#include <numeric>
#include <utility>

namespace dq {
namespace {

// Sorts rows by their code in a column, rows of equal codes as they were; drops rows without one.
std::vector<uint32_t> SortedBy(const EncodedColumn& column, std::span<const uint32_t> rows) {
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

GroupedRows::GroupedRows(const EncodedColumn& column, uint32_t rows_min)
    : by_{&column}, rows_min_(rows_min) {
  std::vector<uint32_t> rows(column.codes.size());
  std::iota(rows.begin(), rows.end(), 0);
  Group(SortedBy(column, rows));
}

GroupedRows::GroupedRows(const GroupedRows& groups, const EncodedColumn& column)
    : by_(groups.by_), rows_min_(groups.rows_min_) {
  by_.push_back(&column);
  Group(SortedBy(column, groups.rows_));
}

// Finds the groups in sorted rows and keeps those that are large enough.
void GroupedRows::Group(std::vector<uint32_t> sorted) {
  const uint32_t* const first = by_.front()->codes.data();
  const uint32_t* const last = by_.back()->codes.data();
  size_t kept = 0;
  for (size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    const uint32_t row = sorted[begin];
    while (end < sorted.size() && last[sorted[end]] == last[row] &&
           first[sorted[end]] == first[row]) {
      ++end;
    }
    if (end - begin < rows_min_) continue;
    starts_.push_back(static_cast<uint32_t>(kept));
    for (size_t i = begin; i < end; ++i) sorted[kept++] = sorted[i];
  }
  starts_.push_back(static_cast<uint32_t>(kept));
  sorted.resize(kept);
  rows_ = std::move(sorted);
}

void GroupedRows::ForEach(
    const EncodedColumn& target, int64_t rows_max, VoteCounter& counter,
    absl::FunctionRef<void(const VoteGroup&, std::span<const uint32_t>)> see) const {
  for (size_t i = 0; i + 1 < starts_.size(); ++i) {
    const uint32_t rows = starts_[i + 1] - starts_[i];
    if (rows > rows_max) continue;
    const auto group = std::span(rows_).subspan(starts_[i], rows);
    see(counter.Count(target, group), group);
  }
}

}  // namespace dq
