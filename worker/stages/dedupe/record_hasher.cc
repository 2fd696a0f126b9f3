#include "worker/stages/dedupe/record_hasher.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include "worker/table/text_fold.h"
#include "xxhash.h"

namespace dq {

RecordHash RecordHasher::Hash(const RowBatch& batch, size_t row) {
  exact_.clear();
  for (const size_t column : columns_) {
    exact_ += batch.cell(row, column);
    exact_ += '\0';
  }
  if (match_ == MatchKind::kExact) {
    const XXH128_hash_t hash = XXH3_128bits(exact_.data(), exact_.size());
    return {hash.high64, hash.low64, 0};
  }
  folded_.clear();
  for (const size_t column : columns_) {
    AppendFolded(folded_, batch.cell(row, column));
    folded_ += '\0';
  }
  const XXH128_hash_t hash = XXH3_128bits(folded_.data(), folded_.size());
  return {hash.high64, hash.low64, XXH3_64bits(exact_.data(), exact_.size())};
}

bool RecordHasher::IsBlank(const RowBatch& batch, size_t row) const {
  return std::all_of(columns_.begin(), columns_.end(),
                     [&](size_t column) { return batch.cell(row, column).empty(); });
}

}  // namespace dq
