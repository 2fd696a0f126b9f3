// The reference of stage `complete`: its rows by key, its types. Only the columns that the file has
// too are kept, in memory or in a temporary file. Immutable after Load; thread-safe then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/stage.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/reference/reference_index.h"
#include "worker/stages/complete/reference/reference_rows.h"
#include "worker/stages/complete/reference/row_agreement.h"
#include "worker/stages/complete/sample/encoded_column.h"
#include "worker/stages/complete/sample/row_sample.h"
#include "worker/table/bad_row.h"
#include "worker/table/first_bad_rows.h"
#include "worker/table/row_batch.h"
#include "worker/table/values/value_type.h"

namespace dq {

struct ReferenceOptions {
  int fd = -1;
  std::string sha256;                     // Expected content; "": unknown.
  std::vector<std::string> key_columns;   // Empty: no look-up, only names and types.
  std::vector<std::string> file_columns;  // Of the file that is cleaned.
  std::function<bool()> stop;             // Looked at once a batch.
  bool sample = false;                    // Whether Sample() is wanted.
  std::function<void(int64_t bytes, uint64_t fingerprint)> read = {};  // As reference_read.
  // kReject or kFail: a reference is never padded.
  BadRowPolicy on_bad_row = BadRowPolicy::kReject;
};

class ReferenceTable {
 public:
  // Reads the whole reference. What `context` points to and `tokens` outlive the table.
  // REFERENCE_MISSING when a key column is not in it; OUT_OF_MEMORY when it does not fit;
  // INPUT_CHANGED for another content; DISK_FULL or IO_FAILED of a temporary file; whatever
  // OpenTable and its reader say about the file, with the reference named.
  static absl::StatusOr<std::unique_ptr<ReferenceTable>> Load(const ReferenceOptions& options,
                                                              const MissingTokens& tokens,
                                                              const StageContext& context);

  // A row of the reference.
  using Row = ReferenceRows::Row;
  // Where a row that is looked up may have to be put.
  using Shelf = ReferenceRows::Shelf;

  static uint64_t HashOf(std::string_view key);
  // Brings what Find needs for a key of this hash into the cache: first its place in the index,
  // then, when that is there, its row.
  [[gnu::always_inline]] void Prefetch(uint64_t hash) const { index_.Prefetch(hash); }
  [[gnu::always_inline]] void PrefetchRow(uint64_t hash) const {
    ReferenceIndex::Cursor cursor;
    if (index_.Next(hash, cursor)) rows_.Prefetch(cursor.place);
  }
  // Returns what all rows with this key (AppendKey) have in common, which lives as long as the
  // shelf; null when there is none. IO_FAILED of a temporary file.
  absl::StatusOr<Row> Find(std::string_view key, uint64_t hash, Shelf& shelf) const;
  // Whether FindSpelling may find something else than Find, for any row and for this one.
  bool has_spellings() const { return agreement_.has_spellings(); }
  static bool HasSpellings(Row row) { return RowAgreement::HasSpellings(row); }
  // Of a row that Find gave: what those rows have in common whose keys are spelled like this
  // (AppendSpelling), where the key is spelled in several ways and this is one of them; else `row`.
  absl::StatusOr<Row> FindSpelling(Row row, std::string_view spelling, Shelf& shelf) const {
    return agreement_.FindSpelling(row, spelling, shelf);
  }
  // Whether the reference has this column of the file.
  bool Has(size_t file_column) const { return stored_[file_column].has_value(); }
  // What was decided about the reference's column for a column of the file; null: it has none.
  const ColumnRule* RuleOf(size_t file_column) const {
    const auto& place = stored_[file_column];
    return place.has_value() ? &rules_[kept_columns_[*place]] : nullptr;
  }
  // The value of a column of the file in that row, trimmed; empty when it has none, or rows of the
  // key differ there: words for "no value" are judged by the other values of the reference's
  // column.
  std::string_view Value(Row row, size_t file_column) const;

  const std::vector<std::string>& columns() const { return columns_; }
  // The type of a column of the reference.
  ValueType type(size_t column) const { return rules_[column].type; }
  // A sample of the distinct rows, a column of the file each; cells without a value are blank, and
  // all of a column that the reference lacks. Views into the table, until ForgetSample.
  std::vector<EncodedColumn> Sample() const;
  // The same of one column of the reference.
  EncodedColumn SampleOf(size_t column) const;
  bool has_sample() const { return sample_ != nullptr; }
  void ForgetSample() { sample_.reset(); }
  // For how many keys rows differ in any column that may be filled.
  int64_t ambiguous_keys() const { return agreement_.ambiguous_keys(); }
  // A column and for how many keys rows differ there; those with most keys first.
  struct DifferingColumn {
    std::string_view name;
    int64_t keys = 0;
  };
  std::vector<DifferingColumn> DifferingColumns() const;
  int64_t rows_rejected() const { return rows_rejected_; }
  // The first of them: where they are and what is wrong.
  const std::vector<std::string>& first_bad_rows() const { return bad_rows_.rows(); }
  int64_t spilled_bytes() const { return rows_.spilled_bytes() + index_.spilled_bytes(); }

  // Appends one value of a key, trimmed, in normal form.
  static void AppendKey(std::string& key, std::string_view value);
  // Appends one value of a key, trimmed, as it is.
  static void AppendSpelling(std::string& spelling, std::string_view value);

 private:
  ReferenceTable(const MissingTokens& tokens, const StageContext& context);
  absl::Status ReadAll(const ReferenceOptions& options);
  absl::Status SetColumns(const ReferenceOptions& options, std::vector<std::string> columns);
  absl::Status AddBatch(const RowBatch& batch);
  void LearnColumn(const RowBatch& batch, size_t column);
  absl::Status AddRow(const RowBatch& batch, size_t row);
  absl::Status AddRowsOfWords(const std::function<bool()>& stop);
  absl::Status BuildIndex(const std::function<bool()>& stop);
  bool HasMissingKey(Row row) const;

  const MissingTokens& tokens_;
  TaskPool& pool_;
  MemoryBudget& memory_;
  std::vector<std::string> columns_;
  std::vector<TypeCounter> types_;      // While it is read, as are the next ones.
  std::vector<int64_t> rows_of_words_;  // Places of rows whose key holds a word of the vocabulary.
  TakenBytes rows_of_words_bytes_;
  std::string key_;
  std::string spelling_;
  std::vector<std::string_view> fields_;
  std::vector<ColumnRule> rules_;
  std::vector<size_t> key_columns_;   // In the reference.
  std::vector<size_t> kept_columns_;  // In the reference, in the order they are stored.
  // By column of the file: place in kept_columns_.
  std::vector<std::optional<size_t>> stored_;
  std::unique_ptr<RowSample> sample_;  // Of all columns.
  ReferenceRows rows_;
  ReferenceIndex index_;
  RowAgreement agreement_;
  int64_t rows_rejected_ = 0;
  FirstBadRows bad_rows_;
};

}  // namespace dq
