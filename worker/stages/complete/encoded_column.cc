#include "worker/stages/complete/encoded_column.h"

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

}  // namespace dq
