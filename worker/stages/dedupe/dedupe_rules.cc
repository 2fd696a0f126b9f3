#include "worker/stages/dedupe/dedupe_rules.h"

#include <bit>
#include <numeric>
#include <string>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"

namespace dq {
namespace {

// Larger clusters are counted by powers of two.
constexpr int64_t kExactSizeMax = 16;
constexpr size_t kNamesMax = 4;  // Of columns in a note.

}  // namespace

int64_t ClusterSizeClass(int64_t records) {
  if (records <= kExactSizeMax) return records;
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(records)));
}

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

absl::StatusOr<bool> LookAtForms(const DedupeOptions& options,
                                 const std::vector<std::string>& columns, const RowBatch& batch,
                                 std::optional<CellForms>& forms) {
  if (!forms.has_value()) {
    DQ_ASSIGN_OR_RETURN(std::vector<size_t> compared, ComparedColumns(options, columns));
    forms.emplace(std::move(compared));
  }
  return forms->Look(batch, kGlanceRowsMax);
}

std::vector<CellForm> FormsOf(const DedupeOptions& options, size_t columns,
                              const std::optional<CellForms>& forms) {
  if (forms.has_value()) return forms->Forms();
  return std::vector(columns,
                     options.match == MatchKind::kExact ? CellForm::kAsWritten : CellForm::kFolded);
}

void AddUniqueness(const DedupeOptions& options, int64_t rows, int64_t found, Report& report) {
  const double before =
      rows == 0 ? 100 : 100 * (1 - static_cast<double>(found) / static_cast<double>(rows));
  report.duplicates_stay = options.duplicates == DuplicateHandling::kKeep;
  report.dimensions["uniqueness"] = {.score = report.duplicates_stay ? before : 100,
                                     .score_before = before,
                                     .weight = kUniquenessWeight};
}

void NoteColumnsThatDiffer(const DedupeOptions& options, int64_t rows, Report& report) {
  if (!options.columns.empty() || report.duplicates() > 0 || rows < 2) return;
  std::vector<std::string> names;
  for (const ReportColumn& column : report.columns) {
    if (column.missing > 0 || column.distinct_is_estimate || column.distinct < rows) continue;
    names.push_back(QuotedName(column.name));
  }
  // Without any other column nothing is left to compare.
  if (names.empty() || names.size() == report.columns.size()) return;
  report.limits.push_back("No two rows are equal, because of columns that differ in every row: " +
                          ListForNote(names, kNamesMax) +
                          ". Name the columns to compare (--dedupe-columns) to find rows " +
                          "that are alike in those.");
}

}  // namespace dq
