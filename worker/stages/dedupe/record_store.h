// The records of a table, compact, for what must see all of them before it decides (fuzzy matching,
// survivors, merged cells): a number a cell, every different value of a column kept once. Filled
// while stage `dedupe` learns. Not thread-safe while rows are added; then read by many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/cell_form.h"
#include "worker/stages/dedupe/value_dictionary.h"
#include "worker/table/row_batch.h"

namespace dq {

// The place of a record in the store, in the order of the input.
using RecordId = uint32_t;

class RecordStore {
 public:
  // Keeps `columns` (indexes into the batches), each in its form. `memory` outlives the store.
  RecordStore(std::vector<size_t> columns, std::vector<CellForm> forms, MemoryBudget& memory);
  // Keeps all in the same form.
  RecordStore(const std::vector<size_t>& columns, CellForm form, MemoryBudget& memory)
      : RecordStore(columns, std::vector(columns.size(), form), memory) {}

  // Adds a row of a batch. OUT_OF_MEMORY when the records do not fit the limit.
  absl::Status Add(const RowBatch& batch, size_t row);

  size_t size() const { return rows_.size(); }
  size_t fields() const { return columns_.size(); }
  // The field's column in the file.
  size_t column(size_t field) const { return columns_[field]; }
  // The row of the input, from 1.
  int64_t row(RecordId record) const { return rows_[record]; }
  // Hash of the cells as they were spelled.
  uint64_t spelling(RecordId record) const { return spellings_[record]; }
  // Whether all cells were empty or white space.
  bool blank(RecordId record) const { return blanks_[record]; }
  ValueId cell(RecordId record, size_t field) const {
    return cells_[record * columns_.size() + field];
  }
  // The cells of a record, one a field.
  const ValueId* cells(RecordId record) const { return &cells_[record * columns_.size()]; }
  const ValueDictionary& values(size_t field) const { return values_[field]; }

  // Replaces the values of a field: what had id i has id `ids[i]` of `values` from now on.
  void Replace(size_t field, ValueDictionary values, const std::vector<ValueId>& ids);
  // Adds a field made of what `column` holds: record r has id `ids[r]` of `values`. OUT_OF_MEMORY.
  absl::Status Append(size_t column, ValueDictionary values, const std::vector<ValueId>& ids);

 private:
  absl::Status Grow();

  std::vector<size_t> columns_;
  std::vector<CellForm> forms_;
  TakenBytes taken_;
  std::vector<ValueDictionary> values_;
  std::vector<ValueId> cells_;  // Record by record.
  std::vector<int64_t> rows_;
  std::vector<uint64_t> spellings_;
  std::vector<bool> blanks_;
  std::string folded_;    // Of the cell at hand.
  std::string spelling_;  // Of the row at hand.
};

}  // namespace dq
