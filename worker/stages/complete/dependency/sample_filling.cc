#include "worker/stages/complete/dependency/sample_filling.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/complete/sample/distinct_rows.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kRanges = 16;  // Of rows that are looked at together.

}  // namespace

SampleFilling::SampleFilling(std::vector<EncodedColumn> columns,
                             std::vector<const ColumnRule*> rules, const MissingTokens& tokens,
                             MemoryBudget& memory)
    : columns_(std::move(columns)),
      rules_(std::move(rules)),
      tokens_(tokens),
      changed_(columns_.size()),
      texts_(memory, "what the reference fills in the sample") {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::vector<uint32_t>& codes = columns_[i].codes;
    const bool blank = std::find(codes.begin(), codes.end(), EncodedColumn::kBlank) != codes.end();
    if (blank) blank_.push_back(i);
  }
  ForgetCopies();
}

// Rows that were different may have become equal by what was filled.
void SampleFilling::ForgetCopies() {
  const std::vector<uint32_t> distinct = DistinctRows(columns_);
  if (columns_.empty() || distinct.size() == columns_[0].codes.size()) return;
  for (size_t i = 0; i < columns_.size(); ++i) {
    KeepRows(columns_[i], distinct);
    indexes_.Of(i).Refresh();
  }
  std::fill(changed_.begin(), changed_.end(), true);
}

std::string_view SampleFilling::Cell(size_t column, size_t row) const {
  const EncodedColumn& encoded = columns_[column];
  const uint32_t code = encoded.codes[row];
  return code == EncodedColumn::kBlank ? std::string_view() : encoded.values[code];
}

// Sets a cell to the beginning of a value that will be gone.
absl::Status SampleFilling::SetCopy(size_t column, size_t row, std::string_view value) {
  value = value.substr(0, kSampleCellBytesMax);
  const uint32_t code = indexes_.Of(column).CodeOf(ValueIndex::HashOf(value));
  if (code != EncodedColumn::kBlank) {
    value = columns_[column].values[code];
  } else {
    DQ_ASSIGN_OR_RETURN(value, texts_.Keep(value));
  }
  Set(column, row, value);
  return absl::OkStatus();
}

void SampleFilling::Set(size_t column, size_t row, std::string_view value) {
  EncodedColumn& encoded = columns_[column];
  ValueIndex& index = indexes_.Of(column);
  uint32_t code = index.CodeOf(ValueIndex::HashOf(value));
  if (code == EncodedColumn::kBlank) {
    code = static_cast<uint32_t>(encoded.values.size());
    encoded.values.push_back(value);
    encoded.counts.push_back(0);
  }
  ++encoded.counts[code];
  encoded.codes[row] = code;
  index.Refresh();
  changed_[column] = true;
}

absl::Status SampleFilling::FillByKey(const ReferenceKey& key) {
  if (key.table == nullptr || key.columns.empty() || columns_.empty()) return absl::OkStatus();
  for (size_t row = 0; row < columns_[0].codes.size(); ++row) {
    DQ_RETURN_IF_ERROR(FillRowByKey(key, row));
    shelf_.ClearWhenLarge();
  }
  ForgetCopies();
  return absl::OkStatus();
}

absl::Status SampleFilling::FillRowByKey(const ReferenceKey& key, size_t row) {
  const auto lacks = [&](size_t column) {
    return columns_[column].codes[row] == EncodedColumn::kBlank && key.table->Has(column);
  };
  if (std::none_of(blank_.begin(), blank_.end(), lacks)) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(const ReferenceTable::Row found,
                      FindRow(
                          key, [&](size_t column) { return Cell(column, row); }, shelf_));
  if (found == nullptr) return absl::OkStatus();
  for (const size_t column : blank_) {
    if (!lacks(column)) continue;
    const std::string_view value = key.table->Value(found, column);
    if (CanTake(column, value) && Conforms(TypeOf(value), rules_[column]->type)) {
      DQ_RETURN_IF_ERROR(SetCopy(column, row, value));
    }
  }
  return absl::OkStatus();
}

// The rows are filled at the end: what the table says rests on what they were.
std::vector<bool> SampleFilling::Fill(DependencyTable& table, double confidence_min,
                                      TaskPool& pool) {
  std::fill(changed_.begin(), changed_.end(), false);
  if (columns_.empty()) return changed_;
  const size_t rows = columns_[0].codes.size();
  // A table that knows all may be asked by many.
  const size_t ranges = table.knows_all() ? kRanges : 1;
  std::vector<Fillings> fillings(ranges);
  const auto find = [&](size_t target, DependencyTable::CellOf cell) {
    return table.knows_all() ? table.Find(target, cell, confidence_min)
                             : table.Learn(target, cell, confidence_min);
  };
  (void)pool.ParallelFor(ranges, [&](size_t i) {
    for (size_t row = rows * i / ranges; row < rows * (i + 1) / ranges; ++row) {
      FillRow(table, find, row, fillings[i]);
    }
    return absl::OkStatus();
  });
  for (const Fillings& range : fillings) {
    for (const Filling& filling : range.all) Set(filling.column, filling.row, filling.value);
  }
  ForgetCopies();
  return changed_;
}

// Goes through the columns as long as something is filled: that may determine another cell.
void SampleFilling::FillRow(const DependencyTable& table, Ask ask, size_t row,
                            Fillings& fillings) const {
  fillings.row_begin = fillings.all.size();
  while (FillRowOnce(table, ask, row, fillings)) {
  }
}

bool SampleFilling::FillRowOnce(const DependencyTable& table, Ask ask, size_t row,
                                Fillings& fillings) const {
  bool filled = false;
  for (const size_t column : blank_) {
    if (columns_[column].codes[row] != EncodedColumn::kBlank || !table.has_rules(column)) continue;
    if (!CellFilled(column, row, fillings).empty()) continue;
    const auto cell = [&](size_t other) {
      return DependencyRule::HashOf(CellFilled(other, row, fillings));
    };
    const auto answer = ask(column, cell);
    if (!answer.has_value()) continue;
    fillings.all.push_back({column, row, answer->value});
    filled = true;
  }
  return filled;
}

// The cell as it will be filled as far as the row has been looked at.
std::string_view SampleFilling::CellFilled(size_t column, size_t row,
                                           const Fillings& fillings) const {
  for (size_t i = fillings.row_begin; i < fillings.all.size(); ++i) {
    if (fillings.all[i].column == column) return fillings.all[i].value;
  }
  return Cell(column, row);
}

}  // namespace dq
