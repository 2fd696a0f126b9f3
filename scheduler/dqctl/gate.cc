#include "scheduler/dqctl/gate.h"

#include <charconv>
#include <optional>
#include <regex>
#include <string_view>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq::dqctl {
namespace {

absl::Status BadGate(const std::string& condition, std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                   "--gate \"" + condition + "\": " + std::string(why));
}

std::vector<std::string> SplitConditions(const std::string& text) {
  static const std::regex kSeparator(R"(\s*,\s*|\s+and\s+)", std::regex::icase);
  return {std::sregex_token_iterator(text.begin(), text.end(), kSeparator, -1),
          std::sregex_token_iterator()};
}

std::optional<double> NumberBetween(const std::string& text, double low, double high) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // Written so that NaN is refused.
  if (!(value >= low && value <= high)) return std::nullopt;
  return value;
}

absl::Status AddCondition(const std::string& condition, dq::v1::Gate& gate) {
  static const std::regex kShape(R"(\s*(\w+)\s*(?:(>=|<=)\s*([0-9.eE+-]+))?\s*)");
  std::smatch part;
  if (!std::regex_match(condition, part, kShape)) {
    return BadGate(condition, "write 'score>=90', 'duplicates<=0.1' or 'schema'");
  }
  const std::string name = part[1];
  const std::string comparison = part[2];
  if (name == "score" && comparison == ">=") {
    const auto value = NumberBetween(part[3], 0, 100);
    if (!value) return BadGate(condition, "a score is a number from 0 to 100");
    if (gate.has_min_score()) return BadGate(condition, "score is given twice");
    gate.set_min_score(*value);
  } else if (name == "duplicates" && comparison == "<=") {
    const auto value = NumberBetween(part[3], 0, 1);
    if (!value) return BadGate(condition, "a ratio is a number from 0 to 1");
    if (gate.has_max_duplicate_ratio()) return BadGate(condition, "duplicates is given twice");
    gate.set_max_duplicate_ratio(*value);
  } else if (name == "schema" && comparison.empty()) {
    gate.set_fail_on_schema_mismatch(true);
  } else {
    return BadGate(condition, "write 'score>=90', 'duplicates<=0.1' or 'schema'");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<dq::v1::Gate> ParseGate(const std::vector<std::string>& conditions) {
  dq::v1::Gate gate;
  for (const std::string& text : conditions) {
    for (const std::string& condition : SplitConditions(text)) {
      DQ_RETURN_IF_ERROR(AddCondition(condition, gate));
    }
  }
  return gate;
}

}  // namespace dq::dqctl
