// Formats rows as JSON Lines: an object a line, keys in the order of the columns. Immutable;
// thread-safe.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "worker/table/row_formatter.h"
#include "worker/table/table_layout.h"

namespace dq {

class JsonLinesFormatter final : public RowFormatter {
 public:
  // The names of the columns are the keys. Empty ones are called after their place and repeated
  // ones get a number, so that an object has no key twice.
  // `number_columns` is that of MakeFormatter.
  JsonLinesFormatter(const TableLayout& layout, std::vector<bool> number_columns);

  absl::Status AppendHeader(std::string&) const override { return absl::OkStatus(); }
  // An empty cell is null. Of a table read from JSON Lines all is copied but the cells that were
  // changed; keys are added for cells that the line had none for, behind its own. In columns that
  // hold no text in the whole input what is written becomes a number, true, false, an object or a
  // list where it is one as JSON writes it. Of other tables columns of numbers become numbers. All
  // else is a text. INPUT_CHANGED for a line with a key that is no column: every key of the file is
  // one.
  absl::Status AppendRows(std::string& out, const RowBatch& batch, size_t begin,
                          size_t end) const override;

 private:
  struct Line;  // A line at hand, taken apart.

  absl::Status AppendEdited(std::string& out, const RowBatch& batch, size_t row, Line& line) const;
  bool IsNumber(std::string_view cell, size_t column) const;
  bool IsValue(std::string_view cell, size_t column, Line& line) const;

  std::vector<bool> text_columns_;
  std::vector<bool> number_columns_;
  bool copy_;
  std::vector<std::string> keys_;                   // As JSON, with the colon behind.
  std::unordered_map<std::string, size_t> places_;  // Of columns by key, of a table read from JSON.
};

}  // namespace dq
