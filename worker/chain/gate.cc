#include "worker/chain/gate.h"

#include <array>
#include <charconv>

namespace dq {
namespace {

std::string Text(double number) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return std::string(text.data(), end);
}

std::string FailedCondition(const ChainGate& gate, const Report& report) {
  const bool asks_of_rows = gate.min_score.has_value() || gate.max_duplicate_ratio.has_value();
  if (asks_of_rows && report.rows_in == 0) {
    return "the gate asks for a score or a share of duplicates, and the file has no rows";
  }
  if (gate.min_score.has_value() && !report.score.has_value()) {
    return "the gate asks for a score, and the chain has no stage complete that scores";
  }
  if (gate.min_score.has_value() && *report.score < *gate.min_score) {
    return "the score " + Text(*report.score) + " is below " + Text(*gate.min_score);
  }
  if (gate.max_duplicate_ratio.has_value() && !report.dimensions.contains("uniqueness")) {
    return "the gate asks for a share of duplicates, and the chain has no stage dedupe that looks "
           "for them";
  }
  const double ratio =
      static_cast<double>(report.duplicates()) / static_cast<double>(report.rows_in);
  if (gate.max_duplicate_ratio.has_value() && ratio > *gate.max_duplicate_ratio) {
    return "the share of duplicates " + Text(ratio) + " is above " +
           Text(*gate.max_duplicate_ratio);
  }
  const ReportSchema& schema = report.schema;
  if (gate.fail_on_schema_mismatch && !schema.compared) {
    return "the gate asks for the columns of a reference, and there is none to compare with";
  }
  const bool equal = schema.missing.empty() && schema.extra.empty() && schema.renamed.empty() &&
                     schema.type_mismatches.empty();
  if (gate.fail_on_schema_mismatch && !equal) return "the columns are not those of the reference";
  return "";
}

}  // namespace

GateFindings JudgeGate(const std::optional<ChainGate>& gate, const Report& report) {
  if (!gate.has_value()) return {};
  const std::string failed = FailedCondition(*gate, report);
  return {failed.empty() ? Verdict::kPassed : Verdict::kFailed, failed};
}

}  // namespace dq
