#include "worker/stages/dedupe/record_hasher.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include "worker/table/short_text.h"
#include "worker/table/text_fold.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr char kCellEnd = '\0';

}  // namespace

RecordHash RecordHasher::Hash(const RowBatch& batch, size_t row) {
  size_t bytes = columns_.size();
  for (const size_t column : columns_) bytes += batch.cell(row, column).size();
  if (exact_.size() < bytes + kCopySlackBytes) exact_.resize(2 * bytes + kCopySlackBytes);
  return match_ == MatchKind::kExact ? HashAsIs(batch, row, bytes) : HashFolded(batch, row, bytes);
}

RecordHash RecordHasher::HashAsIs(const RowBatch& batch, size_t row, size_t bytes) {
  char* end = exact_.data();
  for (const size_t column : columns_) {
    const std::string_view cell = batch.cell(row, column);
    end = CopyShort(end, cell.data(), cell.size());
    *end++ = kCellEnd;
  }
  const XXH128_hash_t hash = XXH3_128bits(exact_.data(), bytes);
  return {hash.high64, hash.low64, 0};
}

RecordHash RecordHasher::HashFolded(const RowBatch& batch, size_t row, size_t bytes) {
  const size_t folded_max = FoldedBytesMax(bytes) + FoldedBytesMax(0) * columns_.size();
  if (folded_.size() < folded_max) folded_.resize(2 * folded_max);
  char* exact = exact_.data();
  char* end = folded_.data();
  for (const size_t column : columns_) {
    const std::string_view cell = batch.cell(row, column);
    end = FoldAndCopyTo(end, exact, cell);
    exact += cell.size();
    *end++ = kCellEnd;
    *exact++ = kCellEnd;
  }
  const XXH128_hash_t hash =
      XXH3_128bits(folded_.data(), static_cast<size_t>(end - folded_.data()));
  return {hash.high64, hash.low64, XXH3_64bits(exact_.data(), bytes)};
}

bool RecordHasher::IsBlank(const RowBatch& batch, size_t row) const {
  return std::all_of(columns_.begin(), columns_.end(),
                     [&](size_t column) { return batch.cell(row, column).empty(); });
}

}  // namespace dq
