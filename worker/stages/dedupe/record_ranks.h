// How much speaks for a record to be the one of its cluster that stays, worked out row by row and
// without remembering rows. Sits under the stage that spills its records. Not thread-safe while
// rows are ranked; then read by many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/chain_spec.h"
#include "worker/stages/dedupe/age_ranks.h"
#include "worker/table/row_batch.h"

namespace dq {

class RecordRanks {
 public:
  // `columns` are those of the file. SCHEMA_INCOMPATIBLE when the column of `newest` is not there.
  static absl::StatusOr<RecordRanks> Create(const DedupeOptions& options,
                                            const std::vector<std::string>& columns);

  // The rank of a row; the highest stays. Nothing: RankOf has to be asked about ValueOf the row,
  // once all rows were ranked. Every row is ranked once.
  std::optional<double> Rank(const RowBatch& batch, size_t row);
  std::string_view ValueOf(const RowBatch& batch, size_t row) const;
  // What such a value means; nothing when nobody knows.
  std::optional<double> RankOf(std::string_view value) const { return dates_.RankOf(value); }

  // What Rank found to have no rank.
  const UnrankedCells& unranked() const { return unranked_; }

 private:
  RecordRanks(SurvivorKind kind, std::optional<size_t> newest) : kind_(kind), newest_(newest) {}

  SurvivorKind kind_;
  std::optional<size_t> newest_;
  DateColumn dates_;
  UnrankedCells unranked_;
};

}  // namespace dq
