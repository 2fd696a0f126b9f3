#include "worker/stages/dedupe/age_ranks.h"

#include <limits>
#include <optional>
#include <string_view>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/table/values/ascii.h"
#include "worker/table/values/date_pattern.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kExampleBytesMax = 40;
constexpr ValueId kValuesEach = 4096;  // Between two looks at whether to stop.

std::optional<double> RankOfType(std::string_view value) {
  switch (TypeOf(value)) {
    case ValueType::kDate:
      return MomentOf(value);
    case ValueType::kInteger:
    case ValueType::kDecimal:
      return NumberOf(value);
    case ValueType::kBoolean:
    case ValueType::kText:
      break;
  }
  return std::nullopt;
}

// A date and the time behind it, either of which may be missing.
struct Moment {
  std::string_view date;
  std::string_view time;
};

// The time begins with the hour before the first colon.
Moment SplitMoment(std::string_view value) {
  size_t begin = value.find(':');
  if (begin == std::string_view::npos) return {value, {}};
  while (begin > 0 && IsDigit(value[begin - 1])) --begin;
  if (begin == 0) return {{}, value};
  const bool separated = value[begin - 1] == ' ' || value[begin - 1] == 'T';
  if (!separated) return {value, {}};
  return {value.substr(0, begin - 1), value.substr(begin)};
}

std::optional<double> TimeOf(std::string_view time) {
  if (time.empty()) return 0;
  for (const NamedPattern& pattern : TimePatterns()) {
    if (const auto moment = MomentByPattern(time, pattern.pattern)) return moment;
  }
  return std::nullopt;
}

// Calls `visit(pattern, moment)` for every pattern of dates that fits.
template <typename Visit>
void ForEachDate(std::string_view value, const Visit& visit) {
  if (value.size() > kDateBytesMax) return;
  const Moment moment = SplitMoment(value);
  const std::optional<double> time = TimeOf(moment.time);
  if (!time.has_value()) return;
  if (moment.date.empty()) return visit(DatePatterns().size(), *time);
  for (size_t i = 0; i < DatePatterns().size(); ++i) {
    const auto day = MomentByPattern(moment.date, DatePatterns()[i].pattern);
    if (day.has_value()) visit(i, *day + *time);
  }
}

// By the fitting pattern with most cells in the column.
std::optional<double> RankOfDate(std::string_view value, const std::vector<int64_t>& cells) {
  std::optional<double> rank;
  int64_t most = 0;
  bool doubtful = false;
  ForEachDate(value, [&](size_t pattern, double moment) {
    if (cells[pattern] < most) return;
    doubtful = cells[pattern] == most && rank.has_value() && (doubtful || *rank != moment);
    most = cells[pattern];
    rank = moment;
  });
  return doubtful ? std::nullopt : rank;
}

}  // namespace

absl::StatusOr<AgeRanks> RankByAge(const ValueDictionary& values,
                                   const std::function<bool()>& stop) {
  AgeRanks ranks;
  ranks.rank.assign(values.size() + 1, -std::numeric_limits<double>::infinity());
  std::vector<int64_t> cells(DatePatterns().size() + 1, 0);  // That fit a pattern, by its place.
  for (ValueId id = 1; id <= values.size(); ++id) {
    if (id % kValuesEach == 0) DQ_RETURN_IF_ERROR(CheckStop(stop));
    if (RankOfType(values.text(id)).has_value()) continue;
    ForEachDate(values.text(id),
                [&](size_t pattern, double) { cells[pattern] += values.count(id); });
  }
  for (ValueId id = 1; id <= values.size(); ++id) {
    if (id % kValuesEach == 0) DQ_RETURN_IF_ERROR(CheckStop(stop));
    const std::string_view value = values.text(id);
    std::optional<double> rank = RankOfType(value);
    if (!rank.has_value()) rank = RankOfDate(value, cells);
    if (rank.has_value()) {
      ranks.rank[id] = *rank;
      continue;
    }
    if (ranks.unranked_cells == 0) ranks.unranked = value.substr(0, kExampleBytesMax);
    ranks.unranked_cells += values.count(id);
  }
  return ranks;
}

}  // namespace dq
