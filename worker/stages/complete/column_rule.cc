#include "worker/stages/complete/column_rule.h"

#include <algorithm>

namespace dq {

bool ColumnRule::IsDisguise(std::string_view value) const {
  return std::find(disguises.begin(), disguises.end(), value) != disguises.end();
}

}  // namespace dq
