#include "worker/stages/complete/row_filler.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "worker/table/value_type.h"

namespace dq {
namespace {

size_t BinOf(double number, const ColumnRule& rule) {
  if (!(rule.max > rule.min)) return 0;
  const double share = (number - rule.min) / (rule.max - rule.min);
  return std::min(kHistogramBins - 1, static_cast<size_t>(share * kHistogramBins));
}

}  // namespace

absl::Status RowFiller::Fill(RowBatch& batch, size_t begin, size_t end, RowCounts& rows) {
  missing_.clear();
  changes_.clear();
  for (size_t column = 0; column < counts_.size(); ++column) {
    ScanColumn(batch, begin, end, column, rows);
  }
  std::sort(missing_.begin(), missing_.end());
  DQ_RETURN_IF_ERROR(LookUpRows(batch));
  for (const MissingCell& cell : missing_) FillCell(batch, cell, rows);
  return absl::OkStatus();
}

// Looks up the rows that lack something the reference may have.
absl::Status RowFiller::LookUpRows(const RowBatch& batch) {
  if (rules_.key.table == nullptr || rules_.options.fill == FillMethod::kNone) {
    return absl::OkStatus();
  }
  looked_up_.clear();
  for (const MissingCell& cell : missing_) {
    if (!rules_.key.table->Has(cell.column)) continue;
    if (looked_up_.empty() || looked_up_.back() != cell.row) looked_up_.push_back(cell.row);
  }
  return reference_rows_.LookUp(batch, looked_up_, rules_.key, rules_.columns, rules_.tokens);
}

void RowFiller::ScanColumn(const RowBatch& batch, size_t begin, size_t end, size_t column,
                           RowCounts& rows) {
  const ColumnRule& rule = *rules_.columns[column];
  const std::vector<std::string_view>& cells = batch.column(column);
  for (size_t row = begin; row < end; ++row) {
    if (batch.dropped_count() > 0 && batch.row(row).dropped) continue;
    const std::string_view value = TrimSpace(cells[row]);
    if (rule.IsMissing(value, rules_.tokens)) {
      missing_.push_back({static_cast<uint32_t>(row), static_cast<uint32_t>(column)});
      continue;
    }
    if (rule.type == ValueType::kText) continue;
    const ValueType type = TypeOf(value);
    if (!Conforms(type, rule.type)) {
      ++rows.invalid[row];
    } else if (rule.IsNumber()) {
      ++counts_[column].histogram[BinOf(NumberOf(value), rule)];
    }
  }
}

void RowFiller::FillCell(RowBatch& batch, const MissingCell& cell, RowCounts& rows) {
  FillCounts& counts = counts_[cell.column];
  const std::string_view before = batch.cell(cell.row, cell.column);
  const Filling filling = FindFilling(cell);
  if (filling.value.empty()) {
    ++counts.left_missing;
    ++rows.missing[cell.row];
    // A word for "no value" is cleared, so that the next program need not know it.
    if (rules_.options.fill == FillMethod::kNone || before.empty()) return;
  } else {
    ++counts.filled;
  }
  changes_.push_back(
      {cell.row, cell.column, before, filling.value, filling.method, filling.confidence});
  batch.SetCell(cell.row, cell.column, filling.value);
}

RowFiller::Filling RowFiller::FindFilling(const MissingCell& cell) {
  const Filling none{.value = "", .method = "clear", .confidence = "1"};
  if (rules_.options.fill == FillMethod::kNone) return none;
  const ColumnRule& rule = *rules_.columns[cell.column];
  if (const auto row = reference_rows_.Of(cell.row); row != nullptr) {
    const std::string_view value = rules_.key.table->Value(row, cell.column);
    if (!rule.IsMissing(value, rules_.tokens) && Conforms(TypeOf(value), rule.type)) {
      return {.value = value, .method = "reference", .confidence = "1"};
    }
  }
  if (rules_.options.fill != FillMethod::kStatistic || !rule.statistic.has_value()) return none;
  if (rules_.options.min_confidence > kStatisticConfidence) return none;
  return {.value = rule.statistic->value, .method = rule.statistic->method, .confidence = "0.5"};
}

}  // namespace dq
