#include "scheduler/dqctl/gate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/report_head.h"

namespace dq::dqctl {
namespace {

absl::Status BadGate(const std::string& condition, std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                   "--gate \"" + condition + "\": " + std::string(why));
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

// Splits at commas and at the word "and".
std::vector<std::string> SplitConditions(std::string_view text) {
  constexpr std::string_view kAnd = " and ";
  std::vector<std::string> conditions;
  while (true) {
    const size_t comma = text.find(',');
    const size_t word = text.find(kAnd);
    const size_t end = std::min(comma, word);
    conditions.push_back(Trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return conditions;
    text.remove_prefix(end + (word < comma ? kAnd.size() : 1));
  }
}

// A condition taken apart, for example "score", ">=", "90"; only the name when there is no
// comparison.
struct Condition {
  std::string name;
  std::string comparison;
  std::string value;
};

Condition TakeApart(std::string_view text) {
  const size_t at = std::min(text.find(">="), text.find("<="));
  if (at == std::string_view::npos) return {std::string(text), "", ""};
  return {Trimmed(text.substr(0, at)), std::string(text.substr(at, 2)),
          Trimmed(text.substr(at + 2))};
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
  const auto [name, comparison, number] = TakeApart(condition);
  if (name == "score" && comparison == ">=") {
    const auto value = NumberBetween(number, 0, 100);
    if (!value) return BadGate(condition, "a score is a number from 0 to 100");
    if (gate.has_min_score()) return BadGate(condition, "score is given twice");
    gate.set_min_score(*value);
  } else if (name == "duplicates" && comparison == "<=") {
    const auto value = NumberBetween(number, 0, 1);
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

std::string Text(double number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

}  // namespace

std::string FailedCondition(const dq::v1::Gate& gate, const dq::v1::Report& report) {
  if (gate.has_min_score() && !report.has_score()) {
    return "the gate asks for a score, and the chain has no stage complete that scores";
  }
  if (gate.has_min_score() && report.score() < gate.min_score()) {
    return "the score " + Text(report.score()) + " is below " + Text(gate.min_score());
  }
  const auto& found = DuplicatesOf(report);
  const auto duplicates = static_cast<double>(found.exact() + found.normalised() + found.fuzzy());
  const double ratio =
      report.rows_in() == 0 ? 0 : duplicates / static_cast<double>(report.rows_in());
  if (gate.has_max_duplicate_ratio() && ratio > gate.max_duplicate_ratio()) {
    return "the share of duplicates " + Text(ratio) + " is above " +
           Text(gate.max_duplicate_ratio());
  }
  return gate.fail_on_schema_mismatch() ? "the columns are not those of the reference"
                                        : "the data did not pass the gate";
}

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
