#include "worker/table/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace dq {

void QuantileSketch::Collapse() {
  std::vector<double> carried = std::exchange(newest_, {});
  std::sort(carried.begin(), carried.end());
  for (size_t level = 0;; ++level) {
    if (level == full_.size()) {
      full_.emplace_back();
      upper_.push_back(false);
    }
    if (full_[level].empty()) {
      full_[level] = std::move(carried);
      return;
    }
    std::vector<double> merged;
    merged.reserve(carried.size() * 2);
    std::merge(carried.begin(), carried.end(), full_[level].begin(), full_[level].end(),
               std::back_inserter(merged));
    full_[level] = {};
    carried.clear();
    for (size_t i = upper_[level] ? 1 : 0; i < merged.size(); i += 2) carried.push_back(merged[i]);
    upper_[level] = !upper_[level];
  }
}

std::vector<double> QuantileSketch::At(const std::vector<double>& shares) const {
  std::vector<std::pair<double, int64_t>> weighted;
  for (const double number : newest_) weighted.emplace_back(number, 1);
  for (size_t level = 0; level < full_.size(); ++level) {
    for (const double number : full_[level]) weighted.emplace_back(number, int64_t{1} << level);
  }
  std::sort(weighted.begin(), weighted.end());
  std::vector<double> answers;
  size_t at = 0;
  int64_t before = 0;  // Numbers of the stream before `weighted[at]`.
  for (const double share : shares) {
    if (weighted.empty()) {
      answers.push_back(0);
      continue;
    }
    const auto rank = static_cast<int64_t>(std::floor(share * static_cast<double>(count_ - 1)));
    while (at + 1 < weighted.size() && before + weighted[at].second <= rank) {
      before += weighted[at++].second;
    }
    answers.push_back(weighted[at].first);
  }
  return answers;
}

}  // namespace dq
