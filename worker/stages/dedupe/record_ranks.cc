#include "worker/stages/dedupe/record_ranks.h"

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

double CountPresent(const RowBatch& batch, size_t row) {
  double present = 0;
  for (size_t column = 0; column < batch.column_count(); ++column) {
    present += TrimSpace(batch.cell(row, column)).empty() ? 0 : 1;
  }
  return present;
}

}  // namespace

absl::StatusOr<RecordRanks> RecordRanks::Create(const DedupeOptions& options,
                                                const std::vector<std::string>& columns) {
  std::optional<size_t> newest;
  if (options.survivor == SurvivorKind::kNewest) {
    DQ_ASSIGN_OR_RETURN(
        newest, FindColumn(columns, options.newest_column, "option newest_column of dedupe"));
  }
  return RecordRanks(options.survivor, newest);
}

std::optional<double> RecordRanks::Rank(const RowBatch& batch, size_t row) {
  switch (kind_) {
    case SurvivorKind::kFirst:
      return 0;
    case SurvivorKind::kMostComplete:
      return CountPresent(batch, row);
    case SurvivorKind::kNewest:
      break;
  }
  const std::string_view value = ValueOf(batch, row);
  if (value.empty()) return kNoRank;
  if (const std::optional<double> rank = RankOfType(value)) return rank;
  if (dates_.Count(value)) return std::nullopt;
  unranked_.Add(value, batch.row(row).number);
  return kNoRank;
}

std::string_view RecordRanks::ValueOf(const RowBatch& batch, size_t row) const {
  return TrimSpace(batch.cell(row, *newest_));
}

}  // namespace dq
