#include "worker/stages/dedupe/dedupe_rules.h"

#include <numeric>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"

namespace dq {
namespace {

// Share of the score that uniqueness has.
constexpr double kUniquenessWeight = 0.20;

}  // namespace

absl::StatusOr<std::vector<size_t>> ComparedColumns(const DedupeOptions& options,
                                                    const std::vector<std::string>& columns) {
  std::vector<size_t> compared;
  for (const std::string& name : options.columns) {
    DQ_ASSIGN_OR_RETURN(const size_t index, FindColumn(columns, name, "option columns of dedupe"));
    compared.push_back(index);
  }
  if (!options.columns.empty()) return compared;
  compared.resize(columns.size());
  std::iota(compared.begin(), compared.end(), size_t{0});
  return compared;
}

void AddUniqueness(int64_t rows, int64_t removed, Report& report) {
  const double before =
      rows == 0 ? 100 : 100 * (1 - static_cast<double>(removed) / static_cast<double>(rows));
  ReportDimension& uniqueness = report.dimensions["uniqueness"];
  // A second dedupe of the chain sees what the first one left.
  if (uniqueness.weight == 0) uniqueness.score_before = before;
  uniqueness.score = 100;
  uniqueness.weight = kUniquenessWeight;
}

}  // namespace dq
