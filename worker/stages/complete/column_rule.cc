#include "worker/stages/complete/column_rule.h"

#include <array>
#include <charconv>

namespace dq {

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
