#include "worker/stages/complete/grouped_rows.h"

#include <algorithm>

namespace dq {

GroupedRows::GroupedRows(const std::vector<const EncodedColumn*>& determinants) {
  const size_t rows = determinants[0]->codes.size();
  for (uint32_t row = 0; row < rows; ++row) {
    const bool whole = std::all_of(
        determinants.begin(), determinants.end(),
        [row](const EncodedColumn* column) { return column->codes[row] != EncodedColumn::kBlank; });
    if (whole) rows_.push_back(row);
  }
  const auto before = [&](uint32_t a, uint32_t b) {
    for (const EncodedColumn* column : determinants) {
      if (column->codes[a] != column->codes[b]) return column->codes[a] < column->codes[b];
    }
    return a < b;
  };
  std::sort(rows_.begin(), rows_.end(), before);
  for (uint32_t i = 0; i < rows_.size(); ++i) {
    const bool starts =
        i == 0 || std::any_of(determinants.begin(), determinants.end(), [&](const auto* column) {
          return column->codes[rows_[i]] != column->codes[rows_[i - 1]];
        });
    if (starts) starts_.push_back(i);
  }
  starts_.push_back(static_cast<uint32_t>(rows_.size()));
}

void GroupedRows::ForEach(const EncodedColumn& target,
                          const std::function<void(const VoteGroup&, uint32_t)>& see) {
  counts_.assign(target.values.size(), 0);
  for (size_t i = 0; i + 1 < starts_.size(); ++i) {
    see(Votes(target, starts_[i], starts_[i + 1]), rows_[starts_[i]]);
  }
}

VoteGroup GroupedRows::Votes(const EncodedColumn& target, size_t begin, size_t end) {
  VoteGroup group;
  seen_.clear();
  for (size_t i = begin; i < end; ++i) {
    const uint32_t code = target.codes[rows_[i]];
    if (code == EncodedColumn::kBlank) {
      ++group.missing;
    } else if (counts_[code]++ == 0) {
      seen_.push_back(code);
    }
  }
  for (const uint32_t code : seen_) {
    group.votes.push_back({code, counts_[code]});
    counts_[code] = 0;
  }
  group.Order();
  return group;
}

}  // namespace dq
