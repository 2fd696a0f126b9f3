#include "worker/stages/complete/reference/reference_table.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#define XXH_INLINE_ALL
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/stages/complete/sample/distinct_rows.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/open_table.h"
#include "worker/table/read_ahead.h"
#include "worker/table/values/text_fold.h"
#include "xxhash.h"

namespace dq {
namespace {

// Of the memory: rows beyond are kept in a temporary file, where there is a place for it.
constexpr int64_t kMemoryShare = 4;
constexpr size_t kRowOfWordsBytes = 2 * sizeof(int64_t);  // A vector grows to twice its size.
constexpr int64_t kLearningShare =
    2;                          // Of the memory: less than that left, and no row stays in it.
constexpr char kKeyEnd = '\0';  // No cell holds it.

absl::Status InReference(const absl::Status& status) {
  return MakeError(status.code(), ReasonOf(status), "the reference: " + MessageOf(status),
                   MetadataOf(status));
}

}  // namespace

void ReferenceTable::AppendKey(std::string& key, std::string_view value) {
  AppendKeyFolded(key, value);
  key += kKeyEnd;
}

void ReferenceTable::AppendSpelling(std::string& spelling, std::string_view value) {
  spelling += value;
  spelling += kKeyEnd;
}

uint64_t ReferenceTable::HashOf(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

absl::StatusOr<std::unique_ptr<ReferenceTable>> ReferenceTable::Load(
    const ReferenceOptions& options, const MissingTokens& tokens, const StageContext& context) {
  std::unique_ptr<ReferenceTable> table(new ReferenceTable(tokens, context));
  DQ_RETURN_IF_ERROR(table->ReadAll(options));
  return table;
}

ReferenceTable::ReferenceTable(const MissingTokens& tokens, const StageContext& context)
    : tokens_(tokens),
      pool_(context.pool),
      memory_(context.memory),
      rows_of_words_bytes_(context.memory, "rows of the reference whose key may be missing"),
      rows_(context.memory, context.temp_dir_fd, context.memory.available_bytes() / kMemoryShare),
      index_(context.memory, context.temp_dir_fd),
      agreement_(rows_, context.memory) {}

absl::Status ReferenceTable::ReadAll(const ReferenceOptions& options) {
  ReadOptions read{.on_bad_row = options.on_bad_row,
                   .memory_limit_bytes = memory_.limit_bytes(),
                   .stop = options.stop};
  if (options.sha256.empty()) read.digest = Digest::kNotWanted;
  auto opened = OpenTable(options.fd, {}, read);
  if (!opened.ok()) return InReference(opened.status());
  RowReader& reader = **opened;
  DQ_RETURN_IF_ERROR(SetColumns(options, reader.columns()));
  if (absl::Status begun = reader.StartPass(&bad_rows_); !begun.ok()) return InReference(begun);
  ReadAhead batches(reader, pool_);
  for (;;) {
    DQ_RETURN_IF_ERROR(CheckStop(options.stop));
    const auto batch = batches.Next();
    if (!batch.ok()) return InReference(batch.status());
    if (*batch == nullptr) break;
    DQ_RETURN_IF_ERROR(AddBatch(**batch));
  }
  rows_rejected_ = reader.rows_rejected();
  if (options.read != nullptr) {
    options.read(reader.source().raw_size_bytes(), reader.source().raw_fingerprint());
  }
  if (!options.sha256.empty() && reader.source().sha256() != options.sha256) {
    return InputChanged("the reference is not the file that was registered; register it again");
  }
  for (size_t i = 0; i < rules_.size(); ++i) rules_[i].type = types_[i].Decide();
  DQ_RETURN_IF_ERROR(AddRowsOfWords(options.stop));
  return BuildIndex(options.stop);
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
  }
  for (const std::string& name : options.file_columns) {
    stored_.emplace_back();
    if (place(name) == columns_.size()) continue;
    stored_.back() = kept_columns_.size();
    kept_columns_.push_back(place(name));
  }
  std::vector<bool> is_key;
  for (const size_t column : kept_columns_) {
    is_key.push_back(std::count(key_columns_.begin(), key_columns_.end(), column) > 0);
  }
  agreement_.SetColumns(std::move(is_key));
  std::vector<size_t> all(columns_.size());
  std::iota(all.begin(), all.end(), 0);
  if (options.sample) sample_ = std::make_unique<RowSample>(std::move(all), memory_);
  return absl::OkStatus();
}

absl::Status ReferenceTable::AddBatch(const RowBatch& batch) {
  // What takes longest first: threads that share it end at about the same time.
  return pool_.ParallelFor(columns_.size() + 2, [&](size_t i) -> absl::Status {
    if (i == 1) return sample_ == nullptr ? absl::OkStatus() : sample_->Add(batch);
    if (i > 1) LearnColumn(batch, i - 2);
    for (size_t row = 0; i == 0 && !key_columns_.empty() && row < batch.row_count(); ++row) {
      DQ_RETURN_IF_ERROR(AddRow(batch, row));
    }
    return absl::OkStatus();
  });
}

void ReferenceTable::LearnColumn(const RowBatch& batch, size_t column) {
  for (const std::string_view cell : batch.column(column)) {
    const std::string_view value = TrimSpace(cell);
    if (value.empty() || tokens_.Contains(value)) continue;
    const ValueType type = TypeOf(value);
    types_[column].AddValue(value, type);
    const bool number = type == ValueType::kInteger || type == ValueType::kDecimal;
    if (number && !IsSafeNumber(value, type)) rules_[column].has_unsafe_number = true;
    rules_[column].shapes.Add(value);
  }
}

absl::Status ReferenceTable::AddRow(const RowBatch& batch, size_t row) {
  key_.clear();
  spelling_.clear();
  bool word = false;
  for (const size_t column : key_columns_) {
    const std::string_view value = TrimSpace(batch.cell(row, column));
    if (value.empty()) return absl::OkStatus();
    word |= tokens_.Contains(value);
    AppendKey(key_, value);
    AppendSpelling(spelling_, value);
  }
  fields_ = {key_, spelling_ == key_ ? std::string_view() : spelling_};
  for (const size_t column : kept_columns_) fields_.push_back(TrimSpace(batch.cell(row, column)));
  DQ_ASSIGN_OR_RETURN(const int64_t place, rows_.Add(fields_));
  if (!word) return index_.Add({HashOf(key_), place});
  // Whether it is data is known when all rows are.
  rows_of_words_.push_back(place);
  return rows_of_words_bytes_.Take(kRowOfWordsBytes);
}

// Adds the rows that were left because of a word in their key that turned out to be data.
absl::Status ReferenceTable::AddRowsOfWords(const std::function<bool()>& stop) {
  Shelf shelf;
  for (const int64_t place : rows_of_words_) {
    DQ_RETURN_IF_ERROR(CheckStop(stop));
    shelf.ClearWhenLarge();
    DQ_ASSIGN_OR_RETURN(const Row row, rows_.Read(place, shelf));
    if (HasMissingKey(row)) continue;
    DQ_RETURN_IF_ERROR(index_.Add({HashOf(ReferenceRows::Field(row, 0)), place}));
  }
  rows_of_words_ = {};
  rows_of_words_bytes_.Clear();
  return absl::OkStatus();
}

bool ReferenceTable::HasMissingKey(Row row) const {
  std::string_view rest = agreement_.SpellingOf(row);
  for (const size_t column : key_columns_) {
    const size_t end = rest.find(kKeyEnd);
    if (rules_[column].IsMissing(rest.substr(0, end), tokens_)) return true;
    rest.remove_prefix(end + 1);
  }
  return false;
}

absl::Status ReferenceTable::BuildIndex(const std::function<bool()>& stop) {
  // The index cannot be anywhere else.
  const int64_t rest = memory_.available_bytes() - index_.bytes_to_build();
  if (rest < memory_.limit_bytes() / kLearningShare) DQ_RETURN_IF_ERROR(rows_.LeaveMemory());
  Shelf shelf;
  const auto is_missing = [this](size_t column, std::string_view value) {
    return rules_[kept_columns_[column]].IsMissing(value, tokens_);
  };
  using Joined = absl::StatusOr<std::optional<int64_t>>;
  return index_.Build([&](const ReferenceIndex::Clash& clash) -> Joined {
    DQ_RETURN_IF_ERROR(CheckStop(stop));
    shelf.ClearWhenLarge();
    return agreement_.Join(clash, is_missing, shelf);
  });
}

absl::StatusOr<ReferenceTable::Row> ReferenceTable::Find(std::string_view key, uint64_t hash,
                                                         Shelf& shelf) const {
  ReferenceIndex::Cursor cursor;
  while (index_.Next(hash, cursor)) {
    DQ_ASSIGN_OR_RETURN(const Row row, rows_.Read(cursor.place, shelf));
    if (ReferenceRows::Field(row, 0) != key) continue;
    return row;
  }
  return nullptr;
}

std::vector<ReferenceTable::DifferingColumn> ReferenceTable::DifferingColumns() const {
  std::vector<DifferingColumn> columns;
  for (size_t i = 0; i < kept_columns_.size(); ++i) {
    const int64_t keys = agreement_.differing_keys()[i];
    if (keys > 0) columns.push_back({columns_[kept_columns_[i]], keys});
  }
  std::stable_sort(
      columns.begin(), columns.end(),
      [](const DifferingColumn& a, const DifferingColumn& b) { return a.keys > b.keys; });
  return columns;
}

// Rows are told apart by all columns of the reference, also by those that the file lacks.
std::vector<EncodedColumn> ReferenceTable::Sample() const {
  std::vector<EncodedColumn> own;
  for (size_t i = 0; i < columns_.size(); ++i) own.push_back(SampleOf(i));
  const std::vector<uint32_t> distinct = DistinctRows(own);
  for (EncodedColumn& column : own) KeepRows(column, distinct);
  std::vector<EncodedColumn> columns(stored_.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (stored_[i].has_value()) {
      columns[i] = own[kept_columns_[*stored_[i]]];
    } else {
      columns[i].codes.assign(distinct.size(), EncodedColumn::kBlank);
    }
  }
  return columns;
}

EncodedColumn ReferenceTable::SampleOf(size_t column) const {
  EncodedColumn sampled = EncodeColumn(sample_->column(column));
  const ColumnRule& rule = rules_[column];
  BlankOut(sampled, [&](std::string_view value) { return rule.IsMissing(value, tokens_); });
  return sampled;
}

std::string_view ReferenceTable::Value(Row row, size_t file_column) const {
  const std::optional<size_t>& place = stored_[file_column];
  if (!place.has_value()) return {};
  const std::string_view value = RowAgreement::Column(row, *place);
  if (RowAgreement::IsDifference(value)) return {};
  return rules_[kept_columns_[*place]].IsMissing(value, tokens_) ? std::string_view() : value;
}

}  // namespace dq
