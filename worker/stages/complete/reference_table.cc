#include "worker/stages/complete/reference_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#define XXH_INLINE_ALL
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/table/file_error.h"
#include "worker/table/open_table.h"
#include "worker/table/text_fold.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr size_t kSlotsFirst = 1024;
constexpr char kKeyEnd = '\0';  // No cell holds it.

absl::Status InReference(const absl::Status& status) {
  return MakeError(status.code(), ReasonOf(status), "the reference: " + MessageOf(status),
                   MetadataOf(status));
}

uint64_t HashOf(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

}  // namespace

void ReferenceTable::AppendKey(std::string& key, std::string_view value) {
  AppendKeyFolded(key, value);
  key += kKeyEnd;
}

absl::StatusOr<std::unique_ptr<ReferenceTable>> ReferenceTable::Load(
    const ReferenceOptions& options, const MissingTokens& tokens, MemoryBudget& memory) {
  std::unique_ptr<ReferenceTable> table(new ReferenceTable(tokens, memory));
  DQ_RETURN_IF_ERROR(table->ReadAll(options));
  return table;
}

ReferenceTable::~ReferenceTable() { memory_.Release(taken_bytes_); }

absl::Status ReferenceTable::ReadAll(const ReferenceOptions& options) {
  auto opened = OpenTable(options.fd, {}, BadRowPolicy::kReject);
  if (!opened.ok()) return InReference(opened.status());
  RowReader& reader = **opened;
  DQ_RETURN_IF_ERROR(SetColumns(options, reader.columns()));
  RowBatch batch;
  for (;;) {
    if (options.stop && options.stop()) {
      return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the chain was cancelled");
    }
    const auto more = reader.Next(batch);
    if (!more.ok()) return InReference(more.status());
    if (!*more) break;
    DQ_RETURN_IF_ERROR(AddBatch(batch));
  }
  rows_rejected_ = reader.rows_rejected();
  if (!options.sha256.empty() && reader.source().sha256() != options.sha256) {
    return InputChanged("the reference is not the file that was registered; register it again");
  }
  for (size_t i = 0; i < rules_.size(); ++i) rules_[i].type = types_[i].Decide();
  return AddRowsOfWords();
}

absl::Status ReferenceTable::SetColumns(const ReferenceOptions& options,
                                        std::vector<std::string> columns) {
  columns_ = std::move(columns);
  types_.resize(columns_.size());
  rules_.resize(columns_.size());
  const auto place = [this](const std::string& name) {
    return static_cast<size_t>(std::find(columns_.begin(), columns_.end(), name) -
                               columns_.begin());
  };
  for (const std::string& name : options.key_columns) {
    if (place(name) == columns_.size()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "REFERENCE_MISSING",
                       "the reference has no key column \"" + name +
                           "\"; name its key columns, or give another reference",
                       {{"category", "configuration"}, {"column", name}});
    }
    key_columns_.push_back(place(name));
    kept_columns_.push_back(place(name));
  }
  for (const std::string& name : options.file_columns) {
    stored_.emplace_back();
    if (place(name) == columns_.size()) continue;
    stored_.back() = kept_columns_.size();
    kept_columns_.push_back(place(name));
  }
  return absl::OkStatus();
}

absl::Status ReferenceTable::AddBatch(const RowBatch& batch) {
  for (size_t column = 0; column < batch.column_count(); ++column) {
    for (const std::string_view cell : batch.column(column)) {
      const std::string_view value = TrimSpace(cell);
      if (value.empty() || tokens_.Contains(value)) continue;
      types_[column].Add(TypeOf(value));
      rules_[column].shapes.Add(value);
    }
  }
  if (key_columns_.empty()) return absl::OkStatus();
  for (size_t row = 0; row < batch.row_count(); ++row) DQ_RETURN_IF_ERROR(AddRow(batch, row));
  return absl::OkStatus();
}

absl::Status ReferenceTable::AddRow(const RowBatch& batch, size_t row) {
  std::string key;
  bool word = false;
  for (const size_t column : key_columns_) {
    const std::string_view value = TrimSpace(batch.cell(row, column));
    if (value.empty()) return absl::OkStatus();
    word |= tokens_.Contains(value);
    AppendKey(key, value);
  }
  if (word) {
    // Whether it is data is known when all rows are.
    DQ_ASSIGN_OR_RETURN(rows_of_words_.emplace_back(), Store(batch, row, key));
    return absl::OkStatus();
  }
  DQ_ASSIGN_OR_RETURN(Slot* const slot, FreeSlot(key));
  if (slot == nullptr) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(slot->row, Store(batch, row, key));
  return absl::OkStatus();
}

// Adds the rows that were left because of a word in their key that turned out to be data.
absl::Status ReferenceTable::AddRowsOfWords() {
  for (const Row row : rows_of_words_) {
    bool missing = false;
    for (size_t i = 0; i < key_columns_.size(); ++i) {
      missing |= rules_[key_columns_[i]].IsMissing(Field(row, i + 1), tokens_);
    }
    if (missing) continue;
    DQ_ASSIGN_OR_RETURN(Slot* const slot, FreeSlot(Field(row, 0)));
    if (slot != nullptr) slot->row = row;
  }
  rows_of_words_ = {};
  return absl::OkStatus();
}

// Returns the slot for the row of a new key; null when the key is there already, which makes it
// ambiguous. The caller sets the row.
absl::StatusOr<ReferenceTable::Slot*> ReferenceTable::FreeSlot(std::string_view key) {
  DQ_RETURN_IF_ERROR(GrowIndex());
  const uint64_t hash = HashOf(key);
  Slot& slot = slots_[Probe(key, hash)];
  if (slot.row != nullptr) {
    if (!std::exchange(slot.ambiguous, true)) ++ambiguous_keys_;
    return nullptr;
  }
  slot = {.hash = hash, .row = nullptr, .ambiguous = false};
  ++used_;
  return &slot;
}

// Stores [size of the key, key], then [size, value] for every kept column.
absl::StatusOr<ReferenceTable::Row> ReferenceTable::Store(const RowBatch& batch, size_t row,
                                                          std::string_view key) {
  std::vector<std::string_view> fields = {key};
  size_t bytes = sizeof(uint32_t) + key.size();
  for (const size_t column : kept_columns_) {
    fields.push_back(TrimSpace(batch.cell(row, column)));
    bytes += sizeof(uint32_t) + fields.back().size();
  }
  DQ_ASSIGN_OR_RETURN(char* const stored, Allocate(bytes));
  char* out = stored;
  for (const std::string_view field : fields) {
    const auto size = static_cast<uint32_t>(field.size());
    std::memcpy(out, &size, sizeof(size));
    if (size > 0) std::memcpy(out + sizeof(size), field.data(), size);
    out += sizeof(size) + size;
  }
  return stored;
}

absl::StatusOr<char*> ReferenceTable::Allocate(size_t bytes) {
  if (chunks_.empty() || chunks_.back().size - chunks_.back().used < bytes) {
    const size_t size = std::max(kChunkBytes, bytes);
    DQ_RETURN_IF_ERROR(memory_.Take(static_cast<int64_t>(size), "the reference"));
    taken_bytes_ += static_cast<int64_t>(size);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size, 0});
  }
  Chunk& chunk = chunks_.back();
  char* const out = chunk.bytes.get() + chunk.used;
  chunk.used += bytes;
  return out;
}

absl::Status ReferenceTable::GrowIndex() {
  if (used_ * 3 < slots_.size() * 2) return absl::OkStatus();
  std::vector<Slot> grown;
  const size_t size = std::max(kSlotsFirst, slots_.size() * 2);
  const auto bytes = static_cast<int64_t>((size - slots_.size()) * sizeof(Slot));
  DQ_RETURN_IF_ERROR(memory_.Take(bytes, "the index of the reference"));
  taken_bytes_ += bytes;
  grown.resize(size);
  for (const Slot& slot : slots_) {
    if (slot.row == nullptr) continue;
    size_t i = slot.hash & (size - 1);
    while (grown[i].row != nullptr) i = (i + 1) & (size - 1);
    grown[i] = slot;
  }
  slots_ = std::move(grown);
  return absl::OkStatus();
}

// Returns the slot that holds the key, or the free one where it belongs.
size_t ReferenceTable::Probe(std::string_view key, uint64_t hash) const {
  for (size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.row == nullptr || (slot.hash == hash && Field(slot.row, 0) == key)) return i;
  }
}

ReferenceTable::Row ReferenceTable::Find(std::string_view key) const {
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[Probe(key, HashOf(key))];
  return slot.ambiguous ? nullptr : slot.row;
}

std::string_view ReferenceTable::Value(Row row, size_t file_column) const {
  const std::optional<size_t>& place = stored_[file_column];
  if (!place.has_value()) return {};
  const std::string_view value = Field(row, *place + 1);
  return rules_[kept_columns_[*place]].IsMissing(value, tokens_) ? std::string_view() : value;
}

std::string_view ReferenceTable::Field(Row row, size_t index) {
  for (;; --index) {
    uint32_t size = 0;
    std::memcpy(&size, row, sizeof(size));
    if (index == 0) return {row + sizeof(size), size};
    row += sizeof(size) + size;
  }
}

}  // namespace dq
