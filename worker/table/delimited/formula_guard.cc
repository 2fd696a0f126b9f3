#include "worker/table/delimited/formula_guard.h"

#include "worker/table/values/value_type.h"

namespace dq {

bool LooksLikeFormula(std::string_view cell) {
  if (cell.empty() || std::string_view("=+-@\t\n\r").find(cell.front()) == std::string_view::npos) {
    return false;
  }
  const ValueType type = TypeOf(cell);
  return type != ValueType::kInteger && type != ValueType::kDecimal;
}

}  // namespace dq
