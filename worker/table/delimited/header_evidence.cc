#include "worker/table/delimited/header_evidence.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include "worker/table/values/ascii.h"
#include "worker/table/values/cell_shape.h"
#include "worker/table/values/contact_form.h"
#include "worker/table/values/no_value_words.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr double kMost = 0.9;
// Where there are hardly any columns to tell, a value that comes again so often counts in full.
constexpr size_t kFewColumnsMax = 2;
constexpr size_t kRepeatsMin = 3;
constexpr double kRepeatShare = 0.05;
constexpr size_t kLengthRowsMin = 3;

// Whether the row's cells are years that follow each other, as in tables with a column a year.
bool HoldsYears(const RowText& row) {
  int before = 0;
  size_t years = 0;
  for (const std::string& cell : row) {
    int year = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), year);
    if (error != std::errc() || end != cell.data() + cell.size()) continue;
    if (year < 1900 || year > 2100 || (years > 0 && year != before + 1)) return false;
    before = year;
    ++years;
  }
  return years >= 2;
}

// What programs write where there is no value is neither a name nor like what is below it.
bool StandsForNothing(std::string_view cell) {
  cell = TrimSpace(cell);
  if (cell.size() > kNoValueWordBytesMax) return false;
  const NoValueWord* const word = FindNoValueWord(AsciiLower(cell));
  return word != nullptr && word->reach == NoValue::kMark;
}

// Of e-mail or the web: no name of a column looks like one.
bool IsAddress(std::string_view cell) {
  cell = TrimSpace(cell);
  return IsEmail(cell) || IsUrl(cell);
}

struct ColumnBelow {
  size_t held = 0;
  size_t numbers = 0;
  size_t moments = 0;
  size_t addresses = 0;  // Of e-mail or the web.
  size_t as_long = 0;    // As the first of them.
  size_t repeats = 0;    // Of the row's own value.
};

ColumnBelow Look(const std::string& cell, size_t column, std::span<const RowText> below) {
  ColumnBelow found;
  size_t length = 0;
  for (const RowText& row : below) {
    if (column >= row.size() || row[column].empty()) continue;
    const std::string& value = row[column];
    if (StandsForNothing(value)) continue;
    if (found.held++ == 0) length = value.size();
    found.as_long += value.size() == length ? 1 : 0;
    const CellShape shape = CellShapeOf(value);
    found.numbers += shape == CellShape::kNumber ? 1 : 0;
    found.moments += shape == CellShape::kMoment ? 1 : 0;
    found.addresses += IsAddress(value) ? 1 : 0;
    found.repeats += value == cell ? 1 : 0;
  }
  if (found.as_long == found.held && length == cell.size()) found.as_long = 0;
  return found;
}

HeaderEvidence Compare(const RowText& row, std::span<const RowText> below) {
  HeaderEvidence evidence;
  const bool years = HoldsYears(row);
  for (size_t column = 0; column < row.size(); ++column) {
    const std::string& cell = row[column];
    if (cell.empty() || StandsForNothing(cell)) continue;
    const ColumnBelow found = Look(cell, column, below);
    if (found.held == 0) continue;
    const double most = kMost * static_cast<double>(found.held);
    const CellShape shape = CellShapeOf(cell);
    const bool number = static_cast<double>(found.numbers) >= most;
    const bool moment = static_cast<double>(found.moments) >= most;
    if (number || moment) {
      const bool same = shape == (number ? CellShape::kNumber : CellShape::kMoment);
      if (same && !years) evidence.values += 1;
      if (shape == CellShape::kText) evidence.names += 1;
    } else if (static_cast<double>(found.addresses) >= most) {
      (IsAddress(cell) ? evidence.values : evidence.names) += 1;
    } else if (found.repeats > 0) {
      const bool often =
          found.repeats >= kRepeatsMin &&
          static_cast<double>(found.repeats) >= kRepeatShare * static_cast<double>(found.held);
      evidence.values += often && row.size() <= kFewColumnsMax ? 1 : 0.5;
    } else if (found.held >= kLengthRowsMin && found.as_long == found.held) {
      evidence.names += 0.5;
    }
  }
  return evidence;
}

}  // namespace

HeaderEvidence JudgeHeader(const RowText& row, std::span<const RowText> below) {
  std::vector<RowText> others;
  std::copy_if(below.begin(), below.end(), std::back_inserter(others),
               [&row](const RowText& other) { return other != row; });
  if (row.size() > 1 && others.size() < below.size()) {
    const HeaderEvidence evidence = Compare(row, others);
    if (evidence.names > 0) return evidence;
  }
  return Compare(row, below);
}

bool CouldBeNames(const RowText& row) {
  size_t held = 0;
  size_t texts = 0;
  for (const std::string& cell : row) {
    if (cell.empty()) continue;
    ++held;
    const CellShape shape = CellShapeOf(cell);
    texts += shape == CellShape::kText ? 1 : 0;
    const bool digits = cell.find_first_not_of("0123456789") == std::string::npos;
    if (shape != CellShape::kText && !digits) return false;
  }
  return held * 2 >= row.size() && (texts * 2 >= held || HoldsYears(row));
}

}  // namespace dq
