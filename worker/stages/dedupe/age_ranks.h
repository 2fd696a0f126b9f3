// Which values of a column are newer than others: dates as they are written in that column, and
// numbers. Sits under the choice of survivors. Stateless.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/stages/dedupe/value_dictionary.h"

namespace dq {

struct AgeRanks {
  std::vector<double> rank;    // By value id; the newest is highest, what has no rank is lowest.
  int64_t unranked_cells = 0;  // With a value that is neither a date nor a number that can be told.
  std::string unranked;        // The first of those values.
};

// Ranks what is a date or number for TypeOf by that, and else by the patterns of date_pattern.h: of
// those that fit a value the one that fits most cells of the column; when two fit equally many and
// give different moments (3/4/2024), nobody knows which is meant. CANCELLED when `stop` says so.
absl::StatusOr<AgeRanks> RankByAge(const ValueDictionary& values,
                                   const std::function<bool()>& stop);

}  // namespace dq
