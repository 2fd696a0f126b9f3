#include "worker/stages/complete/reference/reference_look_up.h"

#include "common/base/status_macros.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kKeysAhead = 8;

}  // namespace

absl::StatusOr<ReferenceTable::Row> FindRow(const ReferenceKey& key,
                                            absl::FunctionRef<std::string_view(size_t)> cell,
                                            ReferenceTable::Shelf& shelf) {
  std::string folded;
  std::string spelling;
  for (const size_t column : key.columns) {
    const std::string_view value = cell(column);
    if (value.empty()) return nullptr;
    ReferenceTable::AppendKey(folded, value);
    ReferenceTable::AppendSpelling(spelling, value);
  }
  DQ_ASSIGN_OR_RETURN(const ReferenceTable::Row found,
                      key.table->Find(folded, ReferenceTable::HashOf(folded), shelf));
  return found == nullptr ? found : key.table->FindSpelling(found, spelling, shelf);
}

absl::Status ReferenceLookUp::LookUp(const RowBatch& batch, const std::vector<uint32_t>& rows,
                                     const ReferenceKey& key,
                                     const std::vector<const ColumnRule*>& columns,
                                     const MissingTokens& tokens) {
  wanted_.clear();
  keys_.clear();
  at_ = 0;
  shelf_.Clear();
  if (key.table == nullptr || key.columns.empty()) return absl::OkStatus();
  for (const uint32_t row : rows) AddKey(batch, row, key, columns, tokens);
  for (size_t i = 0; i < kKeysAhead && i < wanted_.size(); ++i) {
    key.table->Prefetch(wanted_[i].hash);
  }
  size_t begin = 0;
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (i + kKeysAhead < wanted_.size()) key.table->Prefetch(wanted_[i + kKeysAhead].hash);
    if (i + kKeysAhead / 2 < wanted_.size()) {
      key.table->PrefetchRow(wanted_[i + kKeysAhead / 2].hash);
    }
    const size_t end = wanted_[i].key_end;
    const std::string_view text(keys_.data() + begin, end - begin);
    DQ_ASSIGN_OR_RETURN(wanted_[i].found, key.table->Find(text, wanted_[i].hash, shelf_));
    begin = end;
  }
  return key.table->has_spellings() ? LookUpSpellings(batch, key) : absl::OkStatus();
}

// Looks again for rows that are spelled alike among those that were found.
absl::Status ReferenceLookUp::LookUpSpellings(const RowBatch& batch, const ReferenceKey& key) {
  for (Wanted& wanted : wanted_) {
    if (wanted.found == nullptr || !ReferenceTable::HasSpellings(wanted.found)) continue;
    spelling_.clear();
    for (const size_t column : key.columns) {
      ReferenceTable::AppendSpelling(spelling_, TrimSpace(batch.cell(wanted.row, column)));
    }
    DQ_ASSIGN_OR_RETURN(wanted.found, key.table->FindSpelling(wanted.found, spelling_, shelf_));
  }
  return absl::OkStatus();
}

void ReferenceLookUp::AddKey(const RowBatch& batch, uint32_t row, const ReferenceKey& key,
                             const std::vector<const ColumnRule*>& columns,
                             const MissingTokens& tokens) {
  const size_t begin = keys_.size();
  for (const size_t column : key.columns) {
    const std::string_view value = TrimSpace(batch.cell(row, column));
    if (columns[column]->IsMissing(value, tokens)) {
      keys_.resize(begin);
      return;
    }
    ReferenceTable::AppendKey(keys_, value);
  }
  const uint64_t hash = ReferenceTable::HashOf(std::string_view(keys_).substr(begin));
  wanted_.push_back({row, static_cast<uint32_t>(keys_.size()), hash, nullptr});
}

ReferenceTable::Row ReferenceLookUp::Of(uint32_t row) {
  while (at_ < wanted_.size() && wanted_[at_].row < row) ++at_;
  return at_ < wanted_.size() && wanted_[at_].row == row ? wanted_[at_].found : nullptr;
}

}  // namespace dq
