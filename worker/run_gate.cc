// What --gate says.
#include <charconv>
#include <sstream>
#include <string>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/run_options.h"

namespace dq {
namespace {

absl::Status BadGate(const std::string& what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD", "--gate " + what,
                   {{"category", "configuration"}, {"field", "--gate"}});
}

}  // namespace

absl::StatusOr<ChainGate> ParseGate(std::string_view given) {
  ChainGate gate;
  std::string joined(given);
  for (size_t at = joined.find(" and "); at != std::string::npos; at = joined.find(" and ")) {
    joined.replace(at, 5, ",");
  }
  std::erase(joined, ' ');
  const auto number_of = [](std::string_view bound, double max) -> absl::StatusOr<double> {
    double number = 0;
    const auto [end, error] = std::from_chars(bound.data(), bound.data() + bound.size(), number);
    if (error == std::errc() && end == bound.data() + bound.size() && number >= 0 &&
        number <= max) {
      return number;
    }
    return BadGate("takes a number from 0 to " + std::to_string(static_cast<int>(max)) +
                   ", not \"" + std::string(bound) + "\"");
  };
  if (joined.find_first_not_of(',') == std::string::npos) {
    return BadGate("needs a condition, for example score>=90");
  }
  std::istringstream conditions(joined);
  for (std::string text; std::getline(conditions, text, ',');) {
    if (text.empty()) continue;
    const std::string_view condition = text;
    if (condition.starts_with("score>=")) {
      DQ_ASSIGN_OR_RETURN(gate.min_score, number_of(condition.substr(7), 100));
    } else if (condition.starts_with("duplicates<=")) {
      DQ_ASSIGN_OR_RETURN(gate.max_duplicate_ratio, number_of(condition.substr(12), 1));
    } else if (condition == "schema") {
      gate.fail_on_schema_mismatch = true;
    } else {
      return BadGate("knows score>=N, duplicates<=SHARE and schema, not \"" +
                     std::string(condition) + "\"");
    }
  }
  return gate;
}

}  // namespace dq
