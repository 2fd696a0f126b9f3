#include "worker/table/values/cell_shape.h"

#include <cstddef>

#include "worker/table/values/ascii.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

// Digits in groups, with signs, a point or comma, a currency or a unit: 1,234.50 or $74.69 or 5%.
bool LooksLikeNumber(std::string_view text) {
  static constexpr std::string_view kAround = "$+-%()# ";
  while (!text.empty() && kAround.find(text.front()) != std::string_view::npos) {
    text.remove_prefix(1);
  }
  while (!text.empty() && kAround.find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  if (text.empty() || !IsDigit(text.front())) return false;
  size_t commas = 0;
  size_t since_comma = 0;
  for (const char c : text) {
    const bool exponent = c == 'e' || c == 'E' || c == '-' || c == '+';
    if (c == ',') {
      if (commas++ > 0 && since_comma != 3) return false;
      since_comma = 0;
    } else if (IsDigit(c)) {
      ++since_comma;
    } else if (c != '.' && !exponent) {
      return false;
    }
  }
  return commas <= 1 || since_comma == 3;
}

// Two to six groups of digits with the separators of dates and times between them.
bool LooksLikeMoment(std::string_view text) {
  size_t groups = 0;
  size_t digits = 0;
  char before = 0;
  for (const char c : text) {
    if (IsDigit(c)) {
      groups += IsDigit(before) ? 0 : 1;
      digits = IsDigit(before) ? digits + 1 : 1;
      if (digits > 9) return false;
    } else if (std::string_view("-/:. TZ+").find(c) == std::string_view::npos || before == c) {
      return false;
    }
    before = c;
  }
  return groups >= 2 && groups <= 9 && IsDigit(text.front());
}

}  // namespace

CellShape CellShapeOf(std::string_view cell) {
  cell = TrimSpace(cell);
  if (cell.empty()) return CellShape::kEmpty;
  if (LooksLikeNumber(cell)) return CellShape::kNumber;
  return LooksLikeMoment(cell) ? CellShape::kMoment : CellShape::kText;
}

}  // namespace dq
