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

std::string ReasonOf(const RecordStore& store, size_t field) {
  if (store.values(field).size() < 2) return "one_value";
  return DecideKind(store, field) == FieldKind::kIgnored ? "numbers_the_rows" : "tells_least";
}

}  // namespace

ReportMatching DescribeMatching(const RecordStore& store, const RecordComparison& comparison,
                                const MatchModel& model, const std::vector<std::string>& columns) {
  ReportMatching matching;
  matching.prior = Short(1 / (1 + std::exp2(-model.prior())));
  std::vector<bool> told(columns.size(), false);
  for (size_t i = 0; i < comparison.fields().size(); ++i) {
    const ComparedField& field = comparison.fields()[i];
    ReportMatchedField described;
    described.kind = kKindNames[static_cast<size_t>(field.kind)];
    for (const size_t column : field.columns) {
      described.columns.push_back(columns[column]);
      told[column] = true;
    }
    for (uint32_t level = 0; level < field.levels; ++level) {
      described.m.push_back(Short(model.m(i, level)));
      described.u.push_back(Short(model.u(i, level)));
    }
    matching.fields.push_back(std::move(described));
  }
  for (size_t i = 0; i < store.fields(); ++i) {
    const size_t column = store.column(i);
    if (told[column] || matching.left_out.size() == kLeftOutMax) continue;
    told[column] = true;  // A derived field may stand for it once more.
    matching.left_out.push_back({columns[column], ReasonOf(store, i)});
  }
  return matching;
}

}  // namespace dq
