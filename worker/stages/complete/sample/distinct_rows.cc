#include "worker/stages/complete/sample/distinct_rows.h"

#include <algorithm>
#include <bit>

#include "absl/container/flat_hash_set.h"

namespace dq {

std::vector<uint32_t> DistinctRows(std::span<const EncodedColumn> columns) {
  std::vector<uint32_t> distinct;
  if (columns.empty()) return distinct;
  std::vector<uint64_t> hashes(columns[0].codes.size());
  for (const EncodedColumn& column : columns) {
    for (size_t row = 0; row < hashes.size(); ++row) {
      hashes[row] = (std::rotl(hashes[row], 23) ^ column.codes[row]) * 0x9E3779B97F4A7C15u;
    }
  }
  const auto hash = [&hashes](uint32_t row) { return hashes[row] ^ (hashes[row] >> 32); };
  const auto same = [columns](uint32_t a, uint32_t b) {
    return std::all_of(columns.begin(), columns.end(), [a, b](const EncodedColumn& column) {
      return column.codes[a] == column.codes[b];
    });
  };
  absl::flat_hash_set<uint32_t, decltype(hash), decltype(same)> seen(hashes.size(), hash, same);
  for (uint32_t row = 0; row < hashes.size(); ++row) {
    if (seen.insert(row).second) distinct.push_back(row);
  }
  return distinct;
}

void KeepRows(EncodedColumn& column, std::span<const uint32_t> rows) {
  std::fill(column.counts.begin(), column.counts.end(), 0);
  size_t kept = 0;
  for (const uint32_t row : rows) {
    const uint32_t code = column.codes[row];
    column.codes[kept++] = code;
    if (code != EncodedColumn::kBlank) ++column.counts[code];
  }
  column.codes.resize(kept);
}

}  // namespace dq
