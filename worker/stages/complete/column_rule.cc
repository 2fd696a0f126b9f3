#include "worker/stages/complete/column_rule.h"

#include <algorithm>

namespace dq {

const DisguisedValue* ColumnRule::DisguiseOf(std::string_view value) const {
  const auto found =
      std::find_if(disguises.begin(), disguises.end(),
                   [value](const DisguisedValue& disguise) { return disguise.value == value; });
  return found == disguises.end() ? nullptr : &*found;
}

}  // namespace dq
