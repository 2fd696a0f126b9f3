#include "worker/stages/complete/sample_filling.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/value_type.h"

namespace dq {

SampleFilling::SampleFilling(std::vector<EncodedColumn> columns,
                             std::vector<const ColumnRule*> rules, const MissingTokens& tokens)
    : columns_(std::move(columns)),
      rules_(std::move(rules)),
      tokens_(tokens),
      codes_(columns_.size()),
      changed_(columns_.size()) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::vector<uint32_t>& codes = columns_[i].codes;
    const bool blank = std::find(codes.begin(), codes.end(), EncodedColumn::kBlank) != codes.end();
    if (blank) blank_.push_back(i);
  }
}

std::string_view SampleFilling::Cell(size_t column, size_t row) const {
  const EncodedColumn& encoded = columns_[column];
  const uint32_t code = encoded.codes[row];
  return code == EncodedColumn::kBlank ? std::string_view() : encoded.values[code];
}

void SampleFilling::Set(size_t column, size_t row, std::string_view value) {
  EncodedColumn& encoded = columns_[column];
  auto& codes = codes_[column];
  if (codes.empty()) {
    for (uint32_t code = 0; code < encoded.values.size(); ++code) {
      codes.emplace(encoded.values[code], code);
    }
  }
  const auto [place, is_new] = codes.try_emplace(value, static_cast<uint32_t>(codes.size()));
  if (is_new) {
    encoded.values.push_back(value);
    encoded.counts.push_back(0);
  }
  ++encoded.counts[place->second];
  encoded.codes[row] = place->second;
  changed_[column] = true;
}

absl::Status SampleFilling::FillByKey(const ReferenceKey& key) {
  if (key.table == nullptr || key.columns.empty() || columns_.empty()) return absl::OkStatus();
  for (size_t row = 0; row < columns_[0].codes.size(); ++row) {
    DQ_RETURN_IF_ERROR(FillRowByKey(key, row));
  }
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
      Set(column, row, value);
    }
  }
  return absl::OkStatus();
}

std::vector<bool> SampleFilling::Fill(const DependencyTable& table, double confidence_min) {
  std::fill(changed_.begin(), changed_.end(), false);
  if (columns_.empty()) return changed_;
  for (size_t row = 0; row < columns_[0].codes.size(); ++row) {
    while (FillRow(table, confidence_min, row)) {
    }
  }
  return changed_;
}

// Goes through the columns once; whether something was filled.
bool SampleFilling::FillRow(const DependencyTable& table, double confidence_min, size_t row) {
  bool filled = false;
  for (const size_t column : blank_) {
    if (columns_[column].codes[row] != EncodedColumn::kBlank || !table.has_rules(column)) continue;
    const auto cell = [&](size_t other) { return Cell(other, row); };
    const auto answer = table.Find(column, cell, confidence_min);
    if (!answer.has_value()) continue;
    Set(column, row, answer->value);
    filled = true;
  }
  return filled;
}

}  // namespace dq
