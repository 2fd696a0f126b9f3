#include "worker/table/json/json_lines_formatter.h"

#include <unordered_set>
#include <utility>

#include "worker/table/json/json_object.h"

namespace dq {
namespace {

// Keys that are all different.
std::vector<std::string> DifferentKeys(const std::vector<std::string>& columns) {
  std::unordered_set<std::string> taken(columns.begin(), columns.end());
  std::unordered_set<std::string> given;
  std::vector<std::string> keys;
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string key = columns[i].empty() ? "column_" + std::to_string(i + 1) : columns[i];
    const std::string base = key;
    for (size_t n = 2; given.contains(key) || (key != columns[i] && taken.contains(key)); ++n) {
      key = base + "_" + std::to_string(n);
    }
    given.insert(key);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

JsonLinesFormatter::JsonLinesFormatter(const TableLayout& layout, std::vector<bool> number_columns)
    : text_columns_(layout.text_columns),
      number_columns_(std::move(number_columns)),
      copy_(layout.form.format == TableFormat::kJsonLines) {
  for (const std::string& key : DifferentKeys(layout.columns)) {
    std::string text(1, keys_.empty() ? '{' : ',');
    AppendJsonText(text, key);
    text += ':';
    keys_.push_back(std::move(text));
  }
}

absl::Status JsonLinesFormatter::AppendRows(std::string& out, const RowBatch& batch, size_t begin,
                                            size_t end) const {
  for (size_t row = begin; row < end; ++row) {
    const RowInfo& info = batch.row(row);
    if (info.dropped) continue;
    if (!info.source.empty() && copy_) {
      out += info.source;
    } else {
      for (size_t column = 0; column < keys_.size(); ++column) {
        out += keys_[column];
        AppendValue(out, batch.cell(row, column), column);
      }
      out += '}';
    }
    out += '\n';
  }
  return absl::OkStatus();
}

void JsonLinesFormatter::AppendValue(std::string& out, std::string_view cell, size_t column) const {
  if (cell.empty()) {
    out += "null";
    return;
  }
  if (IsPlain(cell, column)) {
    out += cell;
  } else {
    AppendJsonText(out, cell);
  }
}

// Whether a cell is written as it is.
bool JsonLinesFormatter::IsPlain(std::string_view cell, size_t column) const {
  if (!copy_) return !number_columns_.empty() && number_columns_[column] && IsJsonNumber(cell);
  if (text_columns_[column]) return false;
  return cell == "true" || cell == "false" || cell.front() == '{' || cell.front() == '[' ||
         IsJsonNumber(cell);
}

}  // namespace dq
