// What a cell looks like at a glance, in whatever notation: for finding the structure of a file
// before anything is known about it. What a value counts as later is decided by value_type.h.
// Stateless; thread-safe.
#pragma once

#include <string_view>

namespace dq {

enum class CellShape {
  kEmpty,   // Nothing or white space.
  kNumber,  // Digits in groups, with sign, point or comma, currency or unit: 1,234.50 $74.69 5%
  kMoment,  // Groups of digits with the separators of dates and times: 28/01/2018, 00:15
  kText,
};

CellShape CellShapeOf(std::string_view cell);

}  // namespace dq
