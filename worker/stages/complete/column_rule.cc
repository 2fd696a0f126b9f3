#include "worker/stages/complete/column_rule.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace dq {

bool ColumnRule::IsDisguise(std::string_view value) const {
  return std::find(disguises.begin(), disguises.end(), value) != disguises.end();
}

std::string FormatNumber(double number, std::optional<int> decimals) {
  std::array<char, 400> text{};
  const auto result =
      decimals.has_value()
          ? std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed,
                          *decimals)
          : std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return std::string(text.data(), result.ptr);
}

}  // namespace dq
