#include "worker/stages/complete/missing/number_sentinels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "worker/table/values/ascii.h"

namespace dq {
namespace {

constexpr size_t kOthersMin = 5;       // Different values besides a sentinel.
constexpr int64_t kOtherRowsMin = 10;  // Cells that hold them.
constexpr size_t kNeighbours = 20;     // By whose distances the gap is judged.
constexpr int64_t kStraysMax = 2;      // Single values on a sentinel's side that are overlooked,
constexpr int64_t kRowsAStray = 50;    // one for so many cells.
constexpr size_t kManyValues = 15;
constexpr double kAwayFromZero = 0.08;  // Of the median, that the nearest value is at least.
constexpr double kDay = 86400;

// How the other values lie, seen from one end.
struct Surroundings {
  double nearest = 0;
  double gap = 0;      // From the sentinel to the nearest.
  double step = 0;     // The middle distance between neighbours on this side.
  double quarter = 0;  // The quartile of the others on this side, by cells.
  double median = 0;
  double spread = 0;  // Between the quartiles.
  double usual_count = 1;
  int64_t rows = 0;
  size_t values = 0;    // Different ones.
  bool strays = false;  // Whether single values were overlooked.
};

double WeightedQuantile(std::span<const NumberTally> sorted, int64_t rows, double share) {
  const auto rank = static_cast<int64_t>(share * static_cast<double>(rows - 1));
  int64_t seen = 0;
  for (const NumberTally& tally : sorted) {
    seen += tally.count;
    if (seen > rank) return tally.number;
  }
  return sorted.back().number;
}

double MiddleStep(std::span<const NumberTally> others, bool low) {
  const size_t steps = std::min(kNeighbours, others.size()) - 1;
  std::vector<double> distances;
  for (size_t i = 0; i < steps; ++i) {
    const size_t at = low ? i : others.size() - 2 - i;
    distances.push_back(others[at + 1].number - others[at].number);
  }
  std::nth_element(distances.begin(), distances.begin() + static_cast<ptrdiff_t>(steps / 2),
                   distances.end());
  return distances[steps / 2];
}

Surroundings Survey(const NumberTally& end, std::span<const NumberTally> others, bool low) {
  Surroundings seen;
  for (const NumberTally& tally : others) seen.rows += tally.count;
  seen.nearest = low ? others.front().number : others.back().number;
  seen.gap = std::abs(seen.nearest - end.number);
  seen.step = MiddleStep(others, low);
  double lower = WeightedQuantile(others, seen.rows, 0.25);
  double upper = WeightedQuantile(others, seen.rows, 0.75);
  if (!(upper > lower)) {  // One value has the half of all cells: take every value once.
    lower = others[others.size() / 4].number;
    upper = others[others.size() * 3 / 4].number;
  }
  seen.quarter = low ? lower : upper;
  seen.median = WeightedQuantile(others, seen.rows, 0.5);
  seen.spread = upper - lower;
  seen.usual_count = static_cast<double>(MiddleCount(others));
  seen.values = others.size();
  return seen;
}

// The digits of a number without sign, point and zeros at the end of a fraction: "999" of "-99.90".
std::string DigitsOf(std::string_view text) {
  std::string digits;
  if (text.find('.') != std::string_view::npos) {
    text = text.substr(0, text.find_last_not_of('0') + 1);
  }
  for (const char c : text) {
    if (IsDigit(c)) digits += c;
  }
  return digits;
}

// Whether people write such a number for "no value": all 9, all 8 or all 7, limits of integers.
bool IsCode(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kLimits = {
      "32767", "32768", "65535", "2147483647", "2147483648", "4294967295"};
  const std::string digits = DigitsOf(text);
  if (digits.empty()) return false;
  if (std::find(kLimits.begin(), kLimits.end(), digits) != kLimits.end()) return true;
  const bool alike = digits.find_first_not_of(digits[0]) == std::string::npos;
  return alike && digits[0] >= '7' && (digits.size() > 1 || text[0] == '-');
}

bool IsMinusOne(const NumberTally& tally) { return tally.number == -1; }

std::string Describe(const NumberTally& end, const Surroundings& seen) {
  return "occurs " + std::to_string(end.count) + " times, far from the other " +
         std::to_string(seen.rows) + " values";
}

struct Finding {
  std::string evidence;
  double confidence = 0;
};

// 0 where all others are far on one side of it.
std::optional<Finding> JudgeZero(const NumberTally& end, const Surroundings& seen, bool low) {
  if (end.count < 2 || (low ? seen.nearest <= 0 : seen.nearest >= 0)) return std::nullopt;
  if (seen.gap < 5 * seen.step) return std::nullopt;
  const double fence = std::abs(seen.quarter) - 1.5 * seen.spread;
  if (fence > 0 && seen.gap >= seen.spread / 2) return Finding{Describe(end, seen), 0.95};
  const auto all = static_cast<double>(seen.rows + end.count);
  const auto count = static_cast<double>(end.count);
  if (count >= 0.05 * all && count >= 10 * seen.usual_count && !seen.strays &&
      std::abs(seen.nearest) >= kAwayFromZero * std::abs(seen.median)) {
    return Finding{
        "is repeated " + std::to_string(end.count) + " times where no other value comes near 0",
        0.9};
  }
  return std::nullopt;
}

std::optional<Finding> JudgeCode(const NumberTally& end, const Surroundings& seen, bool low) {
  const size_t digits = DigitsOf(end.texts[0]).size();
  if (end.count < 2 && digits < 3) return std::nullopt;
  // A number next to the others may well be one of them, unless they are many.
  const bool apart = seen.gap >= 5 * seen.step || seen.values >= kManyValues;
  const bool alone_in_sign = low && end.number < 0 && seen.nearest >= 0 && apart;
  if (alone_in_sign && (IsMinusOne(end) || IsCode(end.texts[0]))) {
    return Finding{"is the only negative number, " + std::to_string(end.count) + " times", 0.95};
  }
  if (!IsCode(end.texts[0])) return std::nullopt;
  const bool beyond = std::abs(end.number - seen.quarter) > 3 * seen.spread;
  if (!beyond || seen.gap < seen.spread || seen.gap < 5 * seen.step) return std::nullopt;
  return Finding{Describe(end, seen), 0.95};
}

std::optional<Finding> JudgeNumber(const NumberTally& end, const Surroundings& seen, bool low) {
  return end.number == 0 ? JudgeZero(end, seen, low) : JudgeCode(end, seen, low);
}

bool CouldBeNumber(const NumberTally& tally) {
  return tally.number == 0 || IsMinusOne(tally) || IsCode(tally.texts[0]);
}

bool CouldBeDate(const NumberTally& tally) {
  // Days since 1970-01-01 of 0001-01-01, 1753-01-01, 1800-01-01, 1899-12-30 and -31, 1900-01-01,
  // 1901-01-01, 1970-01-01, 2099-12-31, 2999-12-31, 9999-12-31.
  static constexpr std::array<double, 11> kDays = {-719162, -79257, -62091, -25569, -25568, -25567,
                                                   -25202,  0,      47481,  376199, 2932896};
  const double day = std::floor(tally.number / kDay);
  return std::find(kDays.begin(), kDays.end(), day) != kDays.end();
}

std::optional<Finding> JudgeDate(const NumberTally& end, const Surroundings& seen, bool) {
  const double day = end.number / kDay;
  if (end.count < 2 && day > -60000 && day < 100000) return std::nullopt;
  if (seen.gap < 365 * kDay || seen.gap < 5 * seen.step) return std::nullopt;
  return Finding{Describe(end, seen), 0.95};
}

// Sorts by number and makes one of spellings of the same number ("0" and "0.0").
std::vector<NumberTally> Merged(std::vector<NumberTally> numbers) {
  std::stable_sort(numbers.begin(), numbers.end(),
                   [](const NumberTally& a, const NumberTally& b) { return a.number < b.number; });
  std::vector<NumberTally> merged;
  for (NumberTally& tally : numbers) {
    if (merged.empty() || merged.back().number != tally.number) {
      merged.push_back(std::move(tally));
      continue;
    }
    merged.back().count += tally.count;
    merged.back().texts.insert(merged.back().texts.end(), tally.texts.begin(), tally.texts.end());
  }
  return merged;
}

// How numbers or dates are judged.
struct Judges {
  bool (*could_be)(const NumberTally& tally);  // Whether a value is worth a look: cheap.
  std::optional<Finding> (*judge)(const NumberTally& end, const Surroundings& seen, bool low);
};

// Looks at one end of sorted numbers.
class EndSearch {
 public:
  EndSearch(const Judges& judges, std::span<const NumberTally> numbers, bool low)
      : judges_(judges), numbers_(numbers), low_(low) {
    int64_t rows = 0;
    for (const NumberTally& tally : numbers) rows += tally.count;
    strays_max_ = static_cast<size_t>(std::min(kStraysMax, rows / kRowsAStray));
  }

  // Finds the place of a sentinel; single stray values may lie beyond it and between it and the
  // others.
  std::optional<size_t> Find(Finding& finding) const {
    for (size_t beyond = 0; beyond <= strays_max_ && beyond < numbers_.size(); ++beyond) {
      const NumberTally& end = At(beyond);
      if (judges_.could_be(end)) {
        for (size_t near = 0; near + beyond <= strays_max_; ++near) {
          const std::optional<Finding> found = Judge(end, beyond + 1 + near);
          if (!found.has_value()) continue;
          finding = *found;
          return low_ ? beyond : numbers_.size() - 1 - beyond;
        }
      }
      if (end.count > 1) break;
    }
    return std::nullopt;
  }

 private:
  const NumberTally& At(size_t from_end) const {
    return numbers_[low_ ? from_end : numbers_.size() - 1 - from_end];
  }

  // Judges `end` by all values but the outermost `skipped`.
  std::optional<Finding> Judge(const NumberTally& end, size_t skipped) const {
    if (numbers_.size() < skipped + kOthersMin) return std::nullopt;
    if (skipped > 1 && At(skipped - 1).number != end.number && At(skipped - 1).count > 1) {
      return std::nullopt;
    }
    const size_t size = numbers_.size() - skipped;
    Surroundings seen = Survey(end, low_ ? numbers_.last(size) : numbers_.first(size), low_);
    if (seen.rows < kOtherRowsMin) return std::nullopt;
    seen.strays = skipped > 1;
    return judges_.judge(end, seen, low_);
  }

  const Judges& judges_;
  std::span<const NumberTally> numbers_;
  bool low_;
  size_t strays_max_ = 0;
};

std::vector<Disguise> FindAtEnds(std::vector<NumberTally> unordered, const Judges& judges) {
  std::vector<NumberTally> numbers = Merged(std::move(unordered));
  std::vector<Disguise> found;
  for (int ends_without = 0, low = 1; ends_without < 2; low = 1 - low) {
    Finding finding;
    const std::optional<size_t> place = EndSearch(judges, numbers, low != 0).Find(finding);
    ends_without = place.has_value() ? 0 : ends_without + 1;
    if (!place.has_value()) continue;
    for (const std::string_view text : numbers[*place].texts) {
      found.push_back(
          {std::string(text), DisguiseKind::kSentinel, finding.evidence, finding.confidence});
    }
    numbers.erase(numbers.begin() + static_cast<ptrdiff_t>(*place));
  }
  return found;
}

}  // namespace

std::vector<Disguise> FindNumberSentinels(std::vector<NumberTally> numbers) {
  return FindAtEnds(std::move(numbers), {CouldBeNumber, JudgeNumber});
}

std::vector<Disguise> FindDateSentinels(std::vector<NumberTally> dates) {
  return FindAtEnds(std::move(dates), {CouldBeDate, JudgeDate});
}

}  // namespace dq
