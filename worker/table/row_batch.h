// A bounded batch of rows as columns of views into one buffer, the unit that flows through a chain.
// Sits under the reader (which fills it), the stages (which change it in place) and the writer.
// Not thread-safe: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/table/text_room.h"

namespace dq {

// What is known about one row besides its cells.
struct RowInfo {
  int64_t number = 0;            // 1-based data row of the input, rejected rows counted.
  std::string_view source = {};  // The row's bytes as they were read, without the line end; empty
                                 // when they may not be written as they are.
  bool quoted = false;           // `source` has a cell in quotes.
  bool changed = false;          // A cell was replaced: it is another one than in `source`.
  bool dropped = false;          // Set by a stage: later stages and the writer skip the row.
};

// Rows of equal width. Cells are views: into `buffer`, or into memory of a stage that outlives the
// batch. Moving a batch keeps its views valid; copying is not possible.
class RowBatch {
 public:
  RowBatch() = default;
  RowBatch(RowBatch&&) = default;
  RowBatch& operator=(RowBatch&&) = default;
  RowBatch(const RowBatch&) = delete;
  RowBatch& operator=(const RowBatch&) = delete;

  size_t row_count() const { return rows_.size(); }
  size_t column_count() const { return columns_.size(); }

  const RowInfo& row(size_t index) const { return rows_[index]; }
  // The cells of one column, `row_count()` of them. Quotes are resolved.
  const std::vector<std::string_view>& column(size_t index) const { return columns_[index]; }
  std::string_view cell(size_t row, size_t column) const { return columns_[column][row]; }

  // The place of the row with this number, which is in the batch: numbers ascend.
  size_t PlaceOf(int64_t number) const;

  // Replaces a cell. `value` must live until the batch has left the chain.
  void SetCell(size_t row, size_t column, std::string_view value) {
    columns_[column][row] = value;
    rows_[row].changed = true;
  }
  // Takes the row out of the flow. Its cells stay readable.
  void Drop(size_t row) {
    rows_[row].dropped = true;
    ++dropped_count_;
  }
  // How many rows are out of the flow.
  size_t dropped_count() const { return dropped_count_; }

  // Raw bytes of the input file that were read for this batch; those of all batches of a pass add
  // up to the size of the file.
  int64_t input_bytes = 0;

  // For the reader: forgets all rows and prepares for rows of `columns` cells.
  void Reset(size_t columns);
  // For the reader: the bytes most cells point into.
  std::vector<char>& buffer() { return buffer_; }
  const std::vector<char>& buffer() const { return buffer_; }
  // For the reader: room for cells that are not in the buffer as they are.
  TextRoom& room() { return room_; }
  // For the reader: adds a row whose cells are `cells` (`column_count()` of them).
  void AddRow(const RowInfo& info, const std::string_view* cells);

 private:
  std::vector<char> buffer_;
  TextRoom room_;
  std::vector<RowInfo> rows_;
  std::vector<std::vector<std::string_view>> columns_;
  size_t dropped_count_ = 0;
};

}  // namespace dq
