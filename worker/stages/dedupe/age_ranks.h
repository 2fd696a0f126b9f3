// Which values of a column are newer than others: dates as they are written in that column, and
// numbers. Sits under the choice of survivors.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace dq {

// What a value means that no other one is needed for: a date or number for TypeOf.
std::optional<double> RankOfType(std::string_view value);

// How the other dates of a column are written: the patterns of date_pattern.h, and how many cells
// fit each. Values are counted first; then what they mean can be asked for. Not thread-safe while
// values are counted.
class DateColumn {
 public:
  DateColumn();

  // Counts a value that has no RankOfType. False: no pattern fits, so it never has a rank.
  bool Count(std::string_view value, int64_t times = 1);
  // The rank by the fitting pattern with most cells; nothing when two fit equally many and give
  // different moments (3/4/2024): then nobody knows which is meant.
  std::optional<double> RankOf(std::string_view value) const;

 private:
  std::vector<int64_t> cells_;  // That fit a pattern, by its place.
  // The patterns that fit values counted lately.
  absl::flat_hash_map<std::string, std::vector<size_t>> known_;
};

// What has no rank, of the cells of a column.
struct UnrankedCells {
  int64_t cells = 0;
  int64_t first_row = 0;  // Of the first one.
  std::string example;    // What it holds.

  void Add(std::string_view value, int64_t row);
  void Add(const UnrankedCells& others);
  // A sentence about the column called `name`; "" when all have a rank.
  std::string Note(std::string_view name) const;
};

// Lower than any rank.
inline constexpr double kNoRank = -std::numeric_limits<double>::infinity();

}  // namespace dq
