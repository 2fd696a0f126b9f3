#include "worker/stages/complete/row_filler.h"

#include <algorithm>
#include <numeric>

#include "common/base/status_macros.h"
#include "worker/stages/complete/confidence_text.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kCellsAhead = 16;  // Whose text is under way.
constexpr std::string_view kClear = "clear";

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
  OrderMissing(begin, end);
  DQ_RETURN_IF_ERROR(LookUpRows(batch));
  for (size_t first = 0, end_of_row = 0; first < missing_.size(); first = end_of_row) {
    while (end_of_row < missing_.size() && missing_[end_of_row].row == missing_[first].row) {
      ++end_of_row;
    }
    FillRow(batch, std::span(missing_).subspan(first, end_of_row - first), rows);
  }
  return absl::OkStatus();
}

// Orders the missing cells, which were found column by column, by row.
void RowFiller::OrderMissing(size_t begin, size_t end) {
  ends_.assign(end - begin + 1, 0);
  for (const MissingCell& cell : missing_) ++ends_[cell.row - begin + 1];
  std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
  ordered_.resize(missing_.size());
  for (const MissingCell& cell : missing_) ordered_[ends_[cell.row - begin]++] = cell;
  missing_.swap(ordered_);
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
    if (row + kCellsAhead < end) __builtin_prefetch(cells[row + kCellsAhead].data());
    if (batch.dropped_count() > 0 && batch.row(row).dropped) continue;
    const std::string_view value = TrimSpace(cells[row]);
    if (rule.IsMissing(value, rules_.tokens)) {
      missing_.push_back({static_cast<uint32_t>(row), static_cast<uint32_t>(column)});
      continue;
    }
    if (rule.judged_type == ValueType::kText) continue;
    const ValueType type = TypeOf(value);
    if (!Conforms(type, rule.judged_type)) {
      ++rows.invalid[row];
    } else if (rule.IsNumber()) {
      ++counts_[column].histogram[BinOf(NumberOf(value), rule)];
    }
  }
}

// Fills what is known: by the reference, then by dependencies again while something was filled,
// because a filled cell may determine another one.
void RowFiller::FillRow(RowBatch& batch, std::span<const MissingCell> cells, RowCounts& rows) {
  const size_t first_change = changes_.size();
  left_.assign(cells.begin(), cells.end());
  hashes_.assign(counts_.size(), std::nullopt);
  if (const auto row = reference_rows_.Of(cells[0].row); row != nullptr) {
    FillLeft(batch, rows, [&](const MissingCell& cell) { return FindByKey(cell, row); });
  }
  for (const auto& table : rules_.dependencies) {
    for (size_t left_before = SIZE_MAX; !left_.empty() && left_.size() < left_before;) {
      left_before = left_.size();
      FillLeft(batch, rows,
               [&](const MissingCell& cell) { return FindDependent(batch, cell, *table); });
    }
  }
  for (const MissingCell& cell : left_) {
    const Filling filling = FindStatistic(cell);
    if (filling.value.empty()) {
      ++counts_[cell.column].left_missing;
      ++rows.missing[cell.row];
      // A word for "no value" is cleared, so that the next program need not know it.
      if (rules_.options.fill == FillMethod::kNone) continue;
      if (batch.cell(cell.row, cell.column).empty()) continue;
      ++counts_[cell.column].cleared;
    }
    SetCell(batch, cell, filling, rows);
  }
  // A cell is cleared before it is filled.
  std::sort(changes_.begin() + static_cast<ptrdiff_t>(first_change), changes_.end(),
            [](const Change& a, const Change& b) {
              return a.column != b.column ? a.column < b.column
                                          : a.after.empty() && !b.after.empty();
            });
}

void RowFiller::SetCell(RowBatch& batch, const MissingCell& cell, const Filling& filling,
                        RowCounts& rows) {
  if (!filling.value.empty()) {
    ++counts_[cell.column].filled;
    // A fill fits the column's type, but maybe not the one by which it is judged; a constant need
    // not fit any.
    const ColumnRule& rule = *rules_.columns[cell.column];
    const bool fits = rule.judged_type == rule.type && filling.method != kConstant;
    if (!fits && !Conforms(TypeOf(filling.value), rule.judged_type)) {
      ++rows.invalid[cell.row];
    }
  }
  if (rules_.tells_changes) TellChange(batch, cell, filling);
  batch.SetCell(cell.row, cell.column, filling.value);
  hashes_[cell.column].reset();
}

// A value that is missing by evidence is cleared with the confidence of that finding; what then
// fills the empty cell is a change of its own, as sure as in any other empty cell.
void RowFiller::TellChange(const RowBatch& batch, const MissingCell& cell, const Filling& filling) {
  std::string_view before = batch.cell(cell.row, cell.column);
  const DisguisedValue* const found = rules_.columns[cell.column]->DisguiseOf(TrimSpace(before));
  if (found != nullptr) {
    changes_.push_back(
        {cell.row, cell.column, before, "", kClear, ConfidenceText(found->confidence)});
    if (filling.value.empty()) return;
    before = "";
  }
  changes_.push_back({cell.row, cell.column, before, filling.value, filling.method,
                      ConfidenceText(filling.confidence)});
}

// Fills those of the cells that are left for which `find` finds something.
void RowFiller::FillLeft(RowBatch& batch, RowCounts& rows,
                         absl::FunctionRef<Filling(const MissingCell&)> find) {
  std::erase_if(left_, [&](const MissingCell& cell) {
    const Filling filling = find(cell);
    if (filling.value.empty()) return false;
    SetCell(batch, cell, filling, rows);
    return true;
  });
}

RowFiller::Filling RowFiller::FindByKey(const MissingCell& cell, ReferenceTable::Row row) const {
  const ColumnRule& rule = *rules_.columns[cell.column];
  const std::string_view value = rules_.key.table->Value(row, cell.column);
  if (rule.IsMissing(value, rules_.tokens) || !Conforms(TypeOf(value), rule.type)) return {};
  return {.value = value, .method = "reference", .confidence = 1};
}

RowFiller::Filling RowFiller::FindDependent(const RowBatch& batch, const MissingCell& cell,
                                            const DependencyTable& table) {
  if (!table.has_rules(cell.column)) return {};
  const auto cell_of = [&](size_t column) { return HashOfCell(batch, cell.row, column); };
  const double least = std::max(rules_.options.min_confidence, kDependencyConfidenceMin);
  const auto answer = table.Find(cell.column, cell_of, least);
  if (!answer.has_value()) return {};
  return {.value = answer->value, .method = answer->method, .confidence = answer->sure};
}

uint64_t RowFiller::HashOfCell(const RowBatch& batch, uint32_t row, size_t column) {
  std::optional<uint64_t>& hash = hashes_[column];
  if (!hash.has_value()) {
    const std::string_view value = TrimSpace(batch.cell(row, column));
    const bool missing = rules_.columns[column]->IsMissing(value, rules_.tokens);
    hash = missing ? DependencyRule::kNoValue : DependencyRule::HashOf(value);
  }
  return *hash;
}

// What the column's other values suggest, or the user has said, when that is asked for.
RowFiller::Filling RowFiller::FindStatistic(const MissingCell& cell) const {
  const ColumnRule& rule = *rules_.columns[cell.column];
  if (!rule.statistic.has_value() || rules_.options.min_confidence > rule.statistic->confidence) {
    return {.value = "", .method = kClear, .confidence = 1};
  }
  return {.value = rule.statistic->value,
          .method = rule.statistic->method,
          .confidence = rule.statistic->confidence};
}

}  // namespace dq
