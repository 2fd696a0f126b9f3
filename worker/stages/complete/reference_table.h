// The reference of stage `complete` in memory: its rows by key, its types. Only the columns that
// the file has too are kept. Immutable after Load; thread-safe then.
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
#include "worker/chain/memory_budget.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/missing_tokens.h"
#include "worker/table/row_batch.h"
#include "worker/table/value_type.h"

namespace dq {

struct ReferenceOptions {
  int fd = -1;
  std::string sha256;                     // Expected content; "": unknown.
  std::vector<std::string> key_columns;   // Empty: no look-up, only names and types.
  std::vector<std::string> file_columns;  // Of the file that is cleaned.
  std::function<bool()> stop;             // Looked at once a batch.
};

class ReferenceTable {
 public:
  // Reads the whole reference. `memory` and `tokens` outlive the table. REFERENCE_MISSING when a
  // key column is not in it; OUT_OF_MEMORY when it does not fit; INPUT_CHANGED for another content;
  // whatever OpenTable and its reader say about the file, with the reference named.
  static absl::StatusOr<std::unique_ptr<ReferenceTable>> Load(const ReferenceOptions& options,
                                                              const MissingTokens& tokens,
                                                              MemoryBudget& memory);
  ~ReferenceTable();

  // A row of the reference.
  using Row = const char*;

  // Returns the only row with this key (AppendKey); null when there is none or more than one.
  Row Find(std::string_view key) const;
  // The value of a column of the file in that row, trimmed; empty when it has none: words for "no
  // value" are judged by the other values of the reference's column.
  std::string_view Value(Row row, size_t file_column) const;

  const std::vector<std::string>& columns() const { return columns_; }
  // The type of a column of the reference.
  ValueType type(size_t column) const { return rules_[column].type; }
  int64_t ambiguous_keys() const { return ambiguous_keys_; }
  int64_t rows_rejected() const { return rows_rejected_; }

  // Appends one value of a key, trimmed, in normal form.
  static void AppendKey(std::string& key, std::string_view value);

 private:
  struct Slot {
    uint64_t hash = 0;
    Row row = nullptr;  // Null: free.
    bool ambiguous = false;
  };
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
    size_t used = 0;
  };

  ReferenceTable(const MissingTokens& tokens, MemoryBudget& memory)
      : tokens_(tokens), memory_(memory) {}
  absl::Status ReadAll(const ReferenceOptions& options);
  absl::Status SetColumns(const ReferenceOptions& options, std::vector<std::string> columns);
  absl::Status AddBatch(const RowBatch& batch);
  absl::Status AddRow(const RowBatch& batch, size_t row);
  absl::Status AddRowsOfWords();
  absl::StatusOr<Slot*> FreeSlot(std::string_view key);
  absl::StatusOr<Row> Store(const RowBatch& batch, size_t row, std::string_view key);
  absl::StatusOr<char*> Allocate(size_t bytes);
  absl::Status GrowIndex();
  size_t Probe(std::string_view key, uint64_t hash) const;
  static std::string_view Field(Row row, size_t index);

  const MissingTokens& tokens_;
  MemoryBudget& memory_;
  int64_t taken_bytes_ = 0;
  std::vector<std::string> columns_;
  std::vector<TypeCounter> types_;  // While it is read, as are the next ones.
  std::vector<Row> rows_of_words_;  // With a word of the vocabulary in the key.
  std::vector<ColumnRule> rules_;
  std::vector<size_t> key_columns_;   // In the reference.
  std::vector<size_t> kept_columns_;  // In the reference, in the order they are stored.
  // By column of the file: place in kept_columns_.
  std::vector<std::optional<size_t>> stored_;
  std::vector<Chunk> chunks_;
  std::vector<Slot> slots_;
  size_t used_ = 0;
  int64_t ambiguous_keys_ = 0;
  int64_t rows_rejected_ = 0;
};

}  // namespace dq
