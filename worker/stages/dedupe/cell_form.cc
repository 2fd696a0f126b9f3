#include "worker/stages/dedupe/cell_form.h"

#include <algorithm>
#include <string_view>

#include "worker/table/values/ascii.h"
#include "worker/table/values/no_value_words.h"
#include "worker/table/values/text_fold.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr int64_t kValuesMin = 5;
constexpr size_t kDifferentMin = 3;
constexpr int64_t kCodesPercent = 90;
constexpr int64_t kMixedPercent = 50;
constexpr size_t kCodeBytesMax = 64;
constexpr std::string_view kCodeMarks = "-_./+=#:~";

// Whether a capital stands behind a small letter.
bool HasInnerCapital(std::string_view value) {
  return std::adjacent_find(value.begin(), value.end(), [](char before, char c) {
           return IsLetter(before) && !IsUpper(before) && IsUpper(c);
         }) != value.end();
}

// Letters, digits and some marks without white space: a letter, and a digit or an inner capital.
bool IsCode(std::string_view value) {
  if (value.size() > kCodeBytesMax || value.find("://") != std::string_view::npos) return false;
  bool letter = false;
  bool digit = false;
  for (const char c : value) {
    if (IsLetter(c)) {
      letter = true;
    } else if (IsDigit(c)) {
      digit = true;
    } else if (kCodeMarks.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return letter && (digit || HasInnerCapital(value)) && TypeOf(value) == ValueType::kText;
}

}  // namespace

void AppendCell(std::string& out, std::string_view cell, CellForm form) {
  switch (form) {
    case CellForm::kAsWritten:
      out += cell;
      return;
    case CellForm::kTrimmed:
      out += TrimSpace(cell);
      return;
    case CellForm::kKey:
      return AppendKeyFolded(out, cell);
    case CellForm::kFolded:
      return AppendFolded(out, cell);
  }
}

CellForms::CellForms(std::vector<size_t> columns)
    : columns_(std::move(columns)), seen_(columns_.size()) {}

bool CellForms::Look(const RowBatch& batch, int64_t last) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (batch.row(row).number > last || bytes_ >= kBytesMax) return false;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view cell = batch.cell(row, columns_[i]);
      bytes_ += static_cast<int64_t>(cell.size());
      Add(TrimSpace(cell), seen_[i]);
    }
  }
  return bytes_ < kBytesMax;
}

void CellForms::Add(std::string_view value, Seen& seen) {
  if (value.empty()) return;
  if (value.size() <= kNoValueWordBytesMax && FindNoValueWord(AsciiLower(value)) != nullptr) return;
  ++seen.values;
  if (!IsCode(value)) return;
  ++seen.codes;
  seen.mixed += HasInnerCapital(value) ? 1 : 0;
  if (seen.different.size() == kDifferentMin) return;
  if (std::find(seen.different.begin(), seen.different.end(), value) == seen.different.end()) {
    seen.different.emplace_back(value);
  }
}

std::vector<CellForm> CellForms::Forms() const {
  std::vector<CellForm> forms;
  for (const Seen& seen : seen_) forms.push_back(FormOf(seen));
  return forms;
}

CellForm CellForms::FormOf(const Seen& seen) {
  if (seen.values < kValuesMin || seen.different.size() < kDifferentMin ||
      seen.codes * 100 < seen.values * kCodesPercent) {
    return CellForm::kFolded;
  }
  return seen.mixed * 100 >= seen.codes * kMixedPercent ? CellForm::kTrimmed : CellForm::kKey;
}

}  // namespace dq
