#include "worker/stages/dedupe/age_ranks.h"

#include "worker/table/values/ascii.h"
#include "worker/table/values/date_pattern.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr size_t kExampleBytesMax = 40;
constexpr size_t kKnownValuesMax = 16'384;

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

}  // namespace

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

DateColumn::DateColumn() : cells_(DatePatterns().size() + 1, 0) {}

bool DateColumn::Count(std::string_view value, int64_t times) {
  if (value.size() > kDateBytesMax) return false;
  if (known_.size() == kKnownValuesMax) known_.clear();
  const auto [known, is_new] = known_.try_emplace(std::string(value));
  if (is_new) {
    ForEachDate(value, [&](size_t pattern, double) { known->second.push_back(pattern); });
  }
  for (const size_t pattern : known->second) cells_[pattern] += times;
  return !known->second.empty();
}

std::optional<double> DateColumn::RankOf(std::string_view value) const {
  std::optional<double> rank;
  int64_t most = 0;
  bool doubtful = false;
  ForEachDate(value, [&](size_t pattern, double moment) {
    if (cells_[pattern] < most) return;
    doubtful = cells_[pattern] == most && rank.has_value() && (doubtful || *rank != moment);
    most = cells_[pattern];
    rank = moment;
  });
  return doubtful ? std::nullopt : rank;
}

void UnrankedCells::Add(std::string_view value, int64_t row) {
  Add({.cells = 1, .first_row = row, .example = std::string(value.substr(0, kExampleBytesMax))});
}

void UnrankedCells::Add(const UnrankedCells& others) {
  if (cells == 0 || (others.cells > 0 && others.first_row < first_row)) {
    first_row = others.first_row;
    example = others.example;
  }
  cells += others.cells;
}

std::string UnrankedCells::Note(std::string_view name) const {
  if (cells == 0) return "";
  return std::to_string(cells) + " cells of \"" + std::string(name) +
         "\" hold no number and no date of which it is certain what it means, such as \"" +
         example + "\": for the newest record they count as oldest.";
}

}  // namespace dq
