#include "worker/stages/complete/dependency_search.h"

#include <algorithm>
#include <span>
#include <utility>

#include "worker/stages/complete/grouped_rows.h"

namespace dq {
namespace {

constexpr double kGoodAccuracy = 0.97;  // A target with such a column needs no pairs.

int64_t RowsWithValue(const EncodedColumn& column) {
  int64_t rows = 0;
  for (const int64_t count : column.counts) rows += count;
  return rows;
}

int64_t MostFrequent(const EncodedColumn& column) {
  return column.counts.empty() ? 0 : *std::max_element(column.counts.begin(), column.counts.end());
}

size_t DifferentValues(const EncodedColumn& column) {
  return static_cast<size_t>(std::count_if(column.counts.begin(), column.counts.end(),
                                           [](int64_t count) { return count > 0; }));
}

// Whether values of the column come together in groups that can tell something.
bool CanDetermine(const EncodedColumn& column) {
  const size_t different = DifferentValues(column);
  return different > 1 && 20 * different < 19 * static_cast<size_t>(RowsWithValue(column));
}

VoteCalibration Calibrate(GroupedRows& groups, const EncodedColumn& target) {
  VoteCalibration calibration;
  groups.ForEach(target,
                 [&](const VoteGroup& votes, uint32_t) { calibration.Add(votes, target.counts); });
  return calibration;
}

// The search over one table.
class Search {
 public:
  Search(const std::vector<EncodedColumn>& columns, const std::vector<size_t>& targets)
      : columns_(columns), targets_(targets), found_(targets.size()) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (CanDetermine(columns[i])) determinants_.push_back(i);
    }
    // The fewer different values, the more votes in a group.
    std::stable_sort(determinants_.begin(), determinants_.end(), [&](size_t a, size_t b) {
      return DifferentValues(columns[a]) < DifferentValues(columns[b]);
    });
    if (determinants_.size() > kDependencyColumnsMax) determinants_.resize(kDependencyColumnsMax);
  }

  std::vector<Dependency> Run() {
    for (const size_t determinant : determinants_) Try({determinant});
    size_t pairs = 0;
    for (size_t b = 1; b < determinants_.size(); ++b) {
      for (size_t a = 0; a < b && pairs < kDependencyPairsMax; ++a, ++pairs) {
        if (AnyTargetOpen()) Try({determinants_[a], determinants_[b]});
      }
    }
    return Best();
  }

 private:
  double Accuracy(size_t target) const {
    double best = 0;
    for (const Dependency& found : found_[target]) {
      best = std::max(best, found.calibration.accuracy());
    }
    return best;
  }
  bool AnyTargetOpen() const {
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (Accuracy(i) < kGoodAccuracy) return true;
    }
    return false;
  }

  void Try(std::vector<size_t> determinants) {
    std::vector<const EncodedColumn*> by;
    for (const size_t column : determinants) by.push_back(&columns_[column]);
    GroupedRows groups(by);
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (std::find(determinants.begin(), determinants.end(), targets_[i]) != determinants.end()) {
        continue;
      }
      const double best = Accuracy(i);
      const bool pair = determinants.size() > 1;
      if (pair && best >= kGoodAccuracy) continue;
      const EncodedColumn& target = columns_[targets_[i]];
      const VoteCalibration calibration = Calibrate(groups, target);
      if (!calibration.IsDependency(MostFrequent(target), RowsWithValue(target))) continue;
      // A pair must be worth more than its columns.
      if (pair && 1 - calibration.accuracy() > (1 - best) / 2) continue;
      found_[i].push_back({targets_[i], determinants, calibration});
    }
  }

  std::vector<Dependency> Best() {
    std::vector<Dependency> best;
    for (std::vector<Dependency>& found : found_) {
      std::stable_sort(found.begin(), found.end(), [](const Dependency& a, const Dependency& b) {
        return a.calibration.accuracy() > b.calibration.accuracy();
      });
      if (found.size() > kDependenciesMax) found.resize(kDependenciesMax);
      std::move(found.begin(), found.end(), std::back_inserter(best));
    }
    return best;
  }

  const std::vector<EncodedColumn>& columns_;
  const std::vector<size_t>& targets_;
  std::vector<size_t> determinants_;
  std::vector<std::vector<Dependency>> found_;  // By target.
};

}  // namespace

std::vector<Dependency> FindDependencies(const std::vector<EncodedColumn>& columns,
                                         const std::vector<size_t>& targets) {
  return Search(columns, targets).Run();
}

}  // namespace dq
