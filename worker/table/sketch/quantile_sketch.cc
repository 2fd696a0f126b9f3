#include "worker/table/sketch/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/sketch/sort_numbers.h"

namespace dq {
namespace {

constexpr size_t kLevelsMax = 48;  // Of a saved state.

}  // namespace

void QuantileSketch::Collapse() {
  std::vector<double> carried = std::exchange(newest_, {});
  SortNumbers(carried);
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

// The numbers still known, in order, each with how many of the stream it stands for.
QuantileSketch::Weighted QuantileSketch::Sorted(const std::vector<double>& without) const {
  Weighted weighted;
  weighted.reserve(newest_.size() + full_.size() * capacity_);
  for (const double number : newest_) weighted.emplace_back(number, 1);
  std::sort(weighted.begin(), weighted.end());
  for (size_t level = 0; level < full_.size(); ++level) {
    const auto before = static_cast<ptrdiff_t>(weighted.size());
    for (const double number : full_[level]) weighted.emplace_back(number, int64_t{1} << level);
    std::inplace_merge(weighted.begin(), weighted.begin() + before, weighted.end());
  }
  if (!without.empty()) {
    std::erase_if(weighted, [&without](const auto& entry) {
      return std::find(without.begin(), without.end(), entry.first) != without.end();
    });
  }
  return weighted;
}

std::vector<double> QuantileSketch::At(const std::vector<double>& shares,
                                       const std::vector<double>& without) const {
  const Weighted weighted = Sorted(without);
  int64_t count = count_;
  if (!without.empty()) {
    count = 0;
    for (const auto& entry : weighted) count += entry.second;
  }
  std::vector<double> answers;
  size_t at = 0;
  int64_t before = 0;  // Numbers of the stream before `weighted[at]`.
  for (const double share : shares) {
    if (weighted.empty()) {
      answers.push_back(0);
      continue;
    }
    const auto rank = static_cast<int64_t>(std::floor(share * static_cast<double>(count - 1)));
    while (at + 1 < weighted.size() && before + weighted[at].second <= rank) {
      before += weighted[at++].second;
    }
    answers.push_back(weighted[at].first);
  }
  return answers;
}

std::optional<double> QuantileSketch::MedianOfWholeNumbers(
    const std::vector<double>& without) const {
  Weighted whole = Sorted(without);
  std::erase_if(whole, [](const auto& entry) { return entry.first != std::floor(entry.first); });
  int64_t count = 0;
  for (const auto& entry : whole) count += entry.second;
  int64_t before = 0;
  for (const auto& [number, times] : whole) {
    before += times;
    if (before > (count - 1) / 2) return number;
  }
  return std::nullopt;
}

void QuantileSketch::Save(StateWriter& writer) const {
  writer.Put(count_);
  writer.PutList(std::span(newest_));
  writer.Put(uint64_t{full_.size()});
  for (size_t level = 0; level < full_.size(); ++level) {
    writer.Put(uint8_t{upper_[level]});
    writer.PutList(std::span(full_[level]));
  }
}

void QuantileSketch::Restore(StateReader& reader) {
  count_ = reader.GetCount(kStateCountMax);
  reader.GetList(newest_, capacity_ - 1);
  full_.resize(static_cast<size_t>(reader.GetCount(kLevelsMax)));
  upper_.resize(full_.size());
  bool finite = true;
  const auto check = [&finite](const std::vector<double>& numbers) {
    finite &=
        std::all_of(numbers.begin(), numbers.end(), [](double n) { return std::isfinite(n); });
  };
  check(newest_);
  for (size_t level = 0; level < full_.size(); ++level) {
    upper_[level] = reader.GetBool();
    reader.GetList(full_[level], capacity_);
    check(full_[level]);
  }
  if (!finite) reader.Fail("a number in it is none");
}

}  // namespace dq
