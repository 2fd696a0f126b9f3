#include "worker/stages/dedupe/record_hasher.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include "worker/table/values/short_text.h"
#include "worker/table/values/text_fold.h"
#include "worker/table/values/value_type.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr char kCellEnd = '\0';

// Writes a cell of a column of codes as it is compared; returns the end.
char* WriteCode(char* out, std::string_view cell, CellForm form) {
  if (form == CellForm::kKey) return FoldKeyTo(out, cell);
  const std::string_view trimmed = TrimSpace(cell);
  return CopyShort(out, trimmed.data(), trimmed.size());
}

}  // namespace

RecordHash RecordHasher::Hash(const RowBatch& batch, size_t row) {
  size_t bytes = columns_.size();
  for (const size_t column : columns_) bytes += batch.cell(row, column).size();
  char* const exact = exact_.Room(bytes + kCopySlackBytes);
  const RecordHash hash = match_ == MatchKind::kExact ? HashAsIs(batch, row, exact, bytes)
                                                      : HashFolded(batch, row, exact, bytes);
  exact_.Settle();
  folded_.Settle();
  return hash;
}

RecordHash RecordHasher::HashAsIs(const RowBatch& batch, size_t row, char* exact, size_t bytes) {
  char* end = exact;
  for (const size_t column : columns_) {
    const std::string_view cell = batch.cell(row, column);
    end = CopyShort(end, cell.data(), cell.size());
    *end++ = kCellEnd;
  }
  const XXH128_hash_t hash = XXH3_128bits(exact, bytes);
  return {hash.high64, hash.low64, 0};
}

RecordHash RecordHasher::HashFolded(const RowBatch& batch, size_t row, char* exact, size_t bytes) {
  const size_t folded_max = FoldedBytesMax(bytes) + FoldedBytesMax(0) * columns_.size();
  char* const folded = folded_.Room(folded_max);
  char* copy = exact;
  char* end = folded;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string_view cell = batch.cell(row, columns_[i]);
    if (forms_[i] == CellForm::kFolded) [[likely]] {
      end = FoldAndCopyTo(end, copy, cell);
    } else {
      end = WriteCode(end, cell, forms_[i]);
      CopyShort(copy, cell.data(), cell.size());
    }
    copy += cell.size();
    *end++ = kCellEnd;
    *copy++ = kCellEnd;
  }
  const XXH128_hash_t hash = XXH3_128bits(folded, static_cast<size_t>(end - folded));
  return {hash.high64, hash.low64, XXH3_64bits(exact, bytes)};
}

bool RecordHasher::IsBlank(const RowBatch& batch, size_t row) const {
  return std::all_of(columns_.begin(), columns_.end(),
                     [&](size_t column) { return TrimSpace(batch.cell(row, column)).empty(); });
}

}  // namespace dq
