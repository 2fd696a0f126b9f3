#include "worker/stages/complete/grouped_rows.h"

#include <algorithm>

namespace dq {

GroupedRows::GroupedRows(const std::vector<const EncodedColumn*>& determinants) {
  struct Keyed {
    uint64_t key;  // The codes of the row's determinants.
    uint32_t row;
  };
  const size_t rows = determinants[0]->codes.size();
  std::vector<Keyed> keyed;
  keyed.reserve(rows);
  for (uint32_t row = 0; row < rows; ++row) {
    uint64_t key = 0;
    bool whole = true;
    for (const EncodedColumn* column : determinants) {
      whole &= column->codes[row] != EncodedColumn::kBlank;
      key = key << 32 | column->codes[row];
    }
    if (whole) keyed.push_back({key, row});
  }
  std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key : a.row < b.row;
  });
  for (uint32_t i = 0; i < keyed.size(); ++i) {
    if (i == 0 || keyed[i].key != keyed[i - 1].key) starts_.push_back(i);
    rows_.push_back(keyed[i].row);
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
