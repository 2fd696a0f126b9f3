#include "worker/stages/complete/sample/encoded_column.h"

#define XXH_INLINE_ALL
#include "absl/container/flat_hash_map.h"
#include "xxhash.h"

namespace dq {
namespace {

struct TextHash {
  size_t operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }
};

}  // namespace

EncodedColumn EncodeColumn(std::span<const std::string_view> cells) {
  EncodedColumn column;
  column.codes.reserve(cells.size());
  absl::flat_hash_map<std::string_view, uint32_t, TextHash> codes;
  codes.reserve(cells.size());
  for (const std::string_view cell : cells) {
    if (cell.empty()) {
      column.codes.push_back(EncodedColumn::kBlank);
      continue;
    }
    const auto [place, is_new] = codes.try_emplace(cell, static_cast<uint32_t>(codes.size()));
    if (is_new) {
      column.values.push_back(cell);
      column.counts.push_back(0);
    }
    ++column.counts[place->second];
    column.codes.push_back(place->second);
  }
  return column;
}

bool RepeatsValues(const EncodedColumn& column) {
  int64_t once = 0;
  int64_t cells = 0;
  for (const int64_t count : column.counts) {
    once += count == 1 ? 1 : 0;
    cells += count;
  }
  return 4 * once <= cells;
}

void BlankOut(EncodedColumn& column, const std::function<bool(std::string_view)>& is_missing) {
  std::vector<bool> missing(column.values.size());
  bool any = false;
  for (size_t code = 0; code < missing.size(); ++code) {
    if (!is_missing(column.values[code])) continue;
    missing[code] = any = true;
    column.counts[code] = 0;
  }
  if (!any) return;
  for (uint32_t& code : column.codes) {
    if (code != EncodedColumn::kBlank && missing[code]) code = EncodedColumn::kBlank;
  }
}

}  // namespace dq
