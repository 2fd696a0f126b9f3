#include "worker/stages/complete/dependency_search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
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

// What one or two columns say about the targets they determine.
struct Trial {
  std::vector<size_t> determinants;
  std::vector<std::pair<size_t, VoteCalibration>> found = {};  // By the target's place.
};

// The search over one table.
class Search {
 public:
  Search(const std::vector<EncodedColumn>& columns, const std::vector<size_t>& targets,
         TaskPool& pool)
      : columns_(columns), targets_(targets), pool_(pool), found_(targets.size()) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (CanDetermine(columns[i])) determinants_.push_back(i);
    }
    // The fewer different values, the more votes in a group.
    std::stable_sort(determinants_.begin(), determinants_.end(), [&](size_t a, size_t b) {
      return DifferentValues(columns[a]) < DifferentValues(columns[b]);
    });
    if (determinants_.size() > kDependencyColumnsMax) determinants_.resize(kDependencyColumnsMax);
  }

  absl::StatusOr<std::vector<Dependency>> Run() {
    std::vector<Trial> singles;
    for (const size_t determinant : determinants_) singles.push_back({{determinant}});
    DQ_RETURN_IF_ERROR(TryAll(std::move(singles)));
    std::vector<Trial> pairs;
    for (size_t b = 1; b < determinants_.size(); ++b) {
      for (size_t a = 0; a < b && pairs.size() < kDependencyPairsMax; ++a) {
        pairs.push_back({{determinants_[a], determinants_[b]}});
      }
    }
    DQ_RETURN_IF_ERROR(TryAll(std::move(pairs)));
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

  // Targets that have a good column already need no pairs.
  bool IsOpen(size_t target, const Trial& trial) const {
    return trial.determinants.size() == 1 || Accuracy(target) < kGoodAccuracy;
  }

  // Tries at the same time, then takes what was found in the order of the trials.
  absl::Status TryAll(std::vector<Trial> trials) {
    DQ_RETURN_IF_ERROR(pool_.ParallelFor(trials.size(), [&](size_t i) {
      Try(trials[i]);
      return absl::OkStatus();
    }));
    for (const Trial& trial : trials) Take(trial);
    return absl::OkStatus();
  }

  void Try(Trial& trial) const {
    std::vector<const EncodedColumn*> by;
    for (const size_t column : trial.determinants) by.push_back(&columns_[column]);
    std::optional<GroupedRows> groups;
    for (size_t i = 0; i < targets_.size(); ++i) {
      const auto& own = trial.determinants;
      if (std::find(own.begin(), own.end(), targets_[i]) != own.end()) continue;
      if (!IsOpen(i, trial)) continue;
      if (!groups.has_value()) groups.emplace(by);
      const EncodedColumn& target = columns_[targets_[i]];
      VoteCalibration calibration = Calibrate(*groups, target);
      if (!calibration.IsDependency(MostFrequent(target), RowsWithValue(target))) continue;
      trial.found.emplace_back(i, std::move(calibration));
    }
  }

  void Take(const Trial& trial) {
    for (const auto& [target, calibration] : trial.found) {
      if (!IsOpen(target, trial)) continue;
      // A pair must be worth more than its columns.
      const bool pair = trial.determinants.size() > 1;
      if (pair && 1 - calibration.accuracy() > (1 - Accuracy(target)) / 2) continue;
      found_[target].push_back({targets_[target], trial.determinants, calibration});
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
  TaskPool& pool_;
  std::vector<size_t> determinants_;
  std::vector<std::vector<Dependency>> found_;  // By target.
};

}  // namespace

absl::StatusOr<std::vector<Dependency>> FindDependencies(const std::vector<EncodedColumn>& columns,
                                                         const std::vector<size_t>& targets,
                                                         TaskPool& pool) {
  return Search(columns, targets, pool).Run();
}

}  // namespace dq
