#include "worker/table/json/json_lines_formatter.h"

#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
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

// `plain`: the cell is written as it is.
void AppendValue(std::string& out, std::string_view cell, bool plain) {
  if (cell.empty()) {
    out += "null";
  } else if (plain) {
    out += cell;
  } else {
    AppendJsonText(out, cell);
  }
}

}  // namespace

JsonLinesFormatter::JsonLinesFormatter(const TableLayout& layout, std::vector<bool> number_columns)
    : text_columns_(layout.text_columns),
      number_columns_(std::move(number_columns)),
      copy_(layout.form.format == TableFormat::kJsonLines) {
  for (const std::string& key : copy_ ? layout.columns : DifferentKeys(layout.columns)) {
    std::string text;
    AppendJsonText(text, key);
    text += ':';
    if (copy_) places_.emplace(key, keys_.size());
    keys_.push_back(std::move(text));
  }
}

struct JsonLinesFormatter::Line {
  JsonObject object;
  std::string text;
  std::vector<bool> held;  // By column, whether the line has its key.
};

absl::Status JsonLinesFormatter::AppendRows(std::string& out, const RowBatch& batch, size_t begin,
                                            size_t end) const {
  std::optional<Line> line;
  for (size_t row = begin; row < end; ++row) {
    const RowInfo& info = batch.row(row);
    if (info.dropped) continue;
    if (copy_ && !info.changed) {
      out += info.source;
    } else if (copy_) {
      if (!line.has_value()) line.emplace();
      DQ_RETURN_IF_ERROR(AppendEdited(out, batch, row, *line));
    } else {
      for (size_t column = 0; column < keys_.size(); ++column) {
        out += column == 0 ? '{' : ',';
        out += keys_[column];
        const std::string_view cell = batch.cell(row, column);
        AppendValue(out, cell, IsNumber(cell, column));
      }
      out += '}';
    }
    out += '\n';
  }
  return absl::OkStatus();
}

// Writes the line that the row was read from, but for cells that are others now.
absl::Status JsonLinesFormatter::AppendEdited(std::string& out, const RowBatch& batch, size_t row,
                                              Line& line) const {
  const std::string_view source = batch.row(row).source;
  line.text.assign(source);
  line.text.append(kJsonPaddingBytes, '\0');
  line.held.assign(keys_.size(), false);
  if (line.object.Parse(line.text.data(), source.size()) != BadRow::kNone) {
    return absl::InternalError("a line that could be read cannot be read again");
  }
  size_t written = 0;
  size_t last = source.find('{') + 1;  // Behind the last value.
  for (const JsonField& field : line.object.fields()) {
    const auto place = places_.find(std::string(field.key));
    if (place == places_.end()) {
      return InputChanged("the file changed while it was read; run it again");
    }
    const size_t column = place->second;
    const std::string_view cell = batch.cell(row, column);
    const auto begin = static_cast<size_t>(field.token.data() - line.text.data());
    last = begin + field.token.size();
    line.held[column] = true;
    if (cell == field.value) continue;
    out += source.substr(written, begin - written);
    AppendValue(out, cell, IsValue(cell, column, line));
    written = last;
  }
  out += source.substr(written, last - written);
  bool first = line.object.fields().empty();
  for (size_t column = 0; column < keys_.size(); ++column) {
    const std::string_view cell = batch.cell(row, column);
    if (line.held[column] || cell.empty()) continue;
    if (!std::exchange(first, false)) out += ',';
    out += keys_[column];
    AppendValue(out, cell, IsValue(cell, column, line));
  }
  out += source.substr(last);
  return absl::OkStatus();
}

// Of tables of other formats: whether a cell is written as a number.
bool JsonLinesFormatter::IsNumber(std::string_view cell, size_t column) const {
  return !number_columns_.empty() && number_columns_[column] && IsJsonNumber(cell);
}

// Of a table read from JSON Lines: whether a cell is written as a value that is no text.
bool JsonLinesFormatter::IsValue(std::string_view cell, size_t column, Line& line) const {
  if (text_columns_[column]) return false;
  return cell == "true" || cell == "false" || IsJsonNumber(cell) || line.object.IsNested(cell);
}

}  // namespace dq
