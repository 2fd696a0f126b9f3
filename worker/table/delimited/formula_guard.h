// Keeps spreadsheets from running cells as formulas. Stateless; thread-safe.
#pragma once

#include <string_view>

namespace dq {

// Whether cells that a spreadsheet would take for a formula get kFormulaGuard before them.
enum class FormulaGuard { kOff, kOn };

inline constexpr char kFormulaGuard = '\'';

// Whether a spreadsheet may take the cell for a formula: it begins with = + - @, a tab, a
// line feed or a carriage return and is not a number.
bool LooksLikeFormula(std::string_view cell);

}  // namespace dq
