#include "worker/stages/complete/profile/value_format.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "worker/chain/report.h"
#include "worker/table/values/date_pattern.h"

namespace dq {
namespace {

constexpr int64_t kCellsMin = 5;
constexpr size_t kDifferentMin = 3;

// "1,234.56" with `thousands` ',' and `point` '.', and plain numbers.
bool IsNumber(std::string_view text, char thousands, char point) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto digits = [&text] {
    size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  const size_t first = digits();
  if (first == 0) return false;
  while (text.starts_with(thousands)) {
    if (first > 3) return false;
    text.remove_prefix(1);
    if (digits() != 3) return false;
  }
  if (text.empty()) return true;
  if (text[0] != point) return false;
  text.remove_prefix(1);
  return digits() > 0 && text.empty();
}

// Counts the cells that fit something, as long as that may be enough.
class Vote {
 public:
  explicit Vote(const EncodedColumn& column) : column_(column) {
    for (size_t code = 0; code < column.values.size(); ++code) {
      if (column.counts[code] > 0) codes_.push_back(code);
    }
    cells_ = std::accumulate(column.counts.begin(), column.counts.end(), int64_t{0});
  }
  bool possible() const { return cells_ >= kCellsMin && codes_.size() >= kDifferentMin; }

  // The share of the cells that fit; 0 when it is below 95 %.
  template <typename Fits>
  double Share(const Fits& fits) const {
    int64_t misses = 0;
    for (const size_t code : codes_) {
      if (fits(column_.values[code])) continue;
      misses += column_.counts[code];
      if (20 * misses > cells_) return 0;
    }
    return static_cast<double>(cells_ - misses) / static_cast<double>(cells_);
  }

  bool Any(bool (*holds)(std::string_view)) const {
    return std::any_of(codes_.begin(), codes_.end(),
                       [&](size_t code) { return holds(column_.values[code]); });
  }

 private:
  const EncodedColumn& column_;
  std::vector<size_t> codes_;
  int64_t cells_ = 0;
};

// Takes what fits better; what fits equally well is named beside it.
void Offer(FormatFinding& best, const std::string& name, double share) {
  const double conformity = RoundedShare(share);
  if (conformity == 0 || conformity < best.conformity) return;
  best.format = conformity > best.conformity ? name : best.format + " or " + name;
  best.conformity = conformity;
}

FormatFinding FindDates(const Vote& vote) {
  FormatFinding best;
  const auto could_be = [](std::string_view value) {
    return value.size() <= kDateBytesMax &&
           value.find_first_of("0123456789") != std::string_view::npos;
  };
  if (vote.Share(could_be) == 0) return best;
  for (const NamedPattern& date : DatePatterns()) {
    Offer(best, std::string(date.name),
          vote.Share([&](std::string_view value) { return MatchesDate(value, date.pattern); }));
  }
  for (const NamedPattern& time : TimePatterns()) {
    Offer(best, std::string(time.name),
          vote.Share([&](std::string_view value) { return MatchesDate(value, time.pattern); }));
  }
  const auto has_time = [](std::string_view value) {
    return value.find(':') != std::string_view::npos;
  };
  if (!best.format.empty() || vote.Share(has_time) == 0) return best;
  for (const NamedPattern& date : DatePatterns()) {
    for (const NamedPattern& time : TimePatterns()) {
      for (const char separator : {' ', 'T'}) {
        const std::string pattern =
            std::string(date.pattern) + separator + std::string(time.pattern);
        const auto fits = [&](std::string_view value) { return MatchesDate(value, pattern); };
        Offer(best, std::string(date.name) + separator + std::string(time.name), vote.Share(fits));
      }
    }
  }
  return best;
}

FormatFinding FindNumbers(const Vote& vote) {
  FormatFinding best;
  const auto has_sign = [](std::string_view value) {
    return value.find_first_of(".,") != std::string_view::npos;
  };
  if (!vote.Any(has_sign)) return best;
  Offer(best, "1,234.56", vote.Share([](std::string_view v) { return IsNumber(v, ',', '.'); }));
  Offer(best, "1.234,56", vote.Share([](std::string_view v) { return IsNumber(v, '.', ','); }));
  return best;
}

}  // namespace

FormatFinding FindFormat(const EncodedColumn& column, ValueType type) {
  const Vote vote(column);
  if (!vote.possible() || type == ValueType::kBoolean || type == ValueType::kDecimal) return {};
  if (type == ValueType::kInteger) {
    const auto is_day = [](std::string_view value) {
      return (value.starts_with("19") || value.starts_with("20")) && MatchesDate(value, "Ymd");
    };
    const double share = vote.Share(is_day);
    return share > 0 ? FormatFinding{"YYYYMMDD", RoundedShare(share)} : FormatFinding{};
  }
  FormatFinding found = FindDates(vote);
  return found.format.empty() && type == ValueType::kText ? FindNumbers(vote) : found;
}

}  // namespace dq
