#include "worker/stages/dedupe/fuzzy/matching_report.h"

#include <array>
#include <cmath>

namespace dq {
namespace {

constexpr size_t kLeftOutMax = 32;

// In the order of FieldKind.
constexpr std::array kKindNames = {"ignored", "name", "phrase", "address", "text",    "code",
                                   "number",  "date", "phone",  "email",   "standing"};
static_assert(kKindNames.size() == static_cast<size_t>(FieldKind::kStanding) + 1);

// To four digits: more would be read by nobody.
double Short(double share) {
  if (share <= 0) return 0;
  const double scale = std::pow(10, 3 - std::floor(std::log10(share)));
  return std::round(share * scale) / scale;
}

// In the order of RecordComparison::LeftOut.
constexpr std::array kReasons = {"one_value", "numbers_the_rows", "tells_least"};

}  // namespace

ReportMatching DescribeMatching(const RecordComparison& comparison, const MatchModel& model,
                                const std::vector<std::string>& columns) {
  ReportMatching matching;
  matching.prior = Short(1 / (1 + std::exp2(-model.prior())));
  for (size_t i = 0; i < comparison.fields().size(); ++i) {
    const ComparedField& field = comparison.fields()[i];
    ReportMatchedField described;
    described.kind = kKindNames[static_cast<size_t>(field.kind)];
    for (const size_t column : field.columns) described.columns.push_back(columns[column]);
    for (uint32_t level = 0; level < field.levels; ++level) {
      described.m.push_back(Short(model.m(i, level)));
      described.u.push_back(Short(model.u(i, level)));
    }
    matching.fields.push_back(std::move(described));
  }
  for (const auto& [column, reason] : comparison.ColumnsLeftOut()) {
    if (matching.left_out.size() == kLeftOutMax) break;
    matching.left_out.push_back({columns[column], kReasons[static_cast<size_t>(reason)]});
  }
  return matching;
}

}  // namespace dq
