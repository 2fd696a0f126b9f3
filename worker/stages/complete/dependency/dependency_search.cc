#include "worker/stages/complete/dependency/dependency_search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"
#include "worker/stages/complete/dependency/grouped_rows.h"

namespace dq {
namespace {

constexpr uint32_t kGroupRowsMin = 2;   // A lone row is held out by nobody.
constexpr double kGoodAccuracy = 0.97;  // A target with such a column needs no pairs.

int64_t RowsWithValue(const EncodedColumn& column) {
  int64_t rows = 0;
  for (const int64_t count : column.counts) rows += count;
  return rows;
}

// The most frequent value; among equals the first by its bytes.
uint32_t MostFrequent(const EncodedColumn& column) {
  uint32_t best = 0;
  for (uint32_t code = 1; code < column.counts.size(); ++code) {
    if (column.counts[code] < column.counts[best]) continue;
    if (column.counts[code] == column.counts[best] && column.values[code] > column.values[best]) {
      continue;
    }
    best = code;
  }
  return best;
}

size_t DifferentValues(const EncodedColumn& column) {
  return static_cast<size_t>(std::count_if(column.counts.begin(), column.counts.end(),
                                           [](int64_t count) { return count > 0; }));
}

// Holds out the votes of all groups but those that are too large to agree on any value of the
// target: they would add nothing. `missing`: rows without a value of the target.
VoteCalibration Calibrate(const GroupedRows& groups, const EncodedColumn& column,
                          const VoteCalibration::Target& target, int64_t missing,
                          VoteCounter& counter) {
  VoteCalibration calibration;
  const int64_t most = VoteCalibration::VotesMax(target.counts[target.usual]) + missing;
  groups.ForEach(column, most, counter, [&](const VoteGroup& votes, std::span<const uint32_t>) {
    calibration.Add(votes, target);
  });
  return calibration;
}

// A column that may be filled, and what says something about it.
struct Target {
  size_t column = 0;
  uint32_t usual = 0;
  int64_t rows = 0;
  bool typos = false;
  std::vector<Dependency> found = {};
  std::optional<Dependency> predictor = std::nullopt;

  double accuracy() const {
    double best = 0;
    for (const Dependency& each : found) best = std::max(best, each.calibration.accuracy());
    return best;
  }
};

// What one or two columns say about the targets.
struct Trial {
  std::vector<size_t> determinants;
  std::vector<std::pair<size_t, VoteCalibration>> found = {};  // By the target's place.
  std::vector<size_t> nothing = {};
};

}  // namespace

bool CanDetermine(const EncodedColumn& column) {
  const size_t different = DifferentValues(column);
  return different > 1 && 20 * different < 19 * static_cast<size_t>(RowsWithValue(column));
}

// The search over one table.
class DependencySearch::Run {
 public:
  Run(DependencySearch& known, const std::vector<EncodedColumn>& columns,
      const std::vector<bool>& changed, TaskPool& pool)
      : known_(known), columns_(columns), changed_(changed), pool_(pool) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (CanDetermine(columns[i])) determinants_.push_back(i);
    }
    // The fewer different values, the more votes in a group.
    std::stable_sort(determinants_.begin(), determinants_.end(), [&](size_t a, size_t b) {
      return DifferentValues(columns[a]) < DifferentValues(columns[b]);
    });
    if (determinants_.size() > kDependencyColumnsMax) determinants_.resize(kDependencyColumnsMax);
  }

  absl::StatusOr<std::vector<Dependency>> Find(const std::vector<size_t>& targets) {
    known_.Forget(changed_);
    for (const size_t column : targets) {
      if (const int64_t rows = RowsWithValue(columns_[column]); rows > 0) {
        targets_.push_back(
            {column, MostFrequent(columns_[column]), rows, RepeatsValues(columns_[column])});
      }
    }
    groups_.resize(columns_.size());
    std::vector<Trial> singles;
    for (const size_t determinant : determinants_) singles.push_back({{determinant}});
    DQ_RETURN_IF_ERROR(TryAll(std::move(singles)));
    std::vector<Trial> pairs;
    for (size_t b = 1; b < determinants_.size(); ++b) {
      for (size_t a = 0; a < b && pairs.size() < kDependencyPairsMax; ++a) {
        pairs.push_back({{determinants_[a], determinants_[b]}});
      }
    }
    DQ_RETURN_IF_ERROR(GroupByFirst(pairs));
    DQ_RETURN_IF_ERROR(TryAll(std::move(pairs)));
    return Best();
  }

 private:
  // Targets that have a good column already need no pairs.
  static bool IsOpen(const Target& target, const Trial& trial) {
    return trial.determinants.size() == 1 || target.accuracy() < kGoodAccuracy;
  }

  static TrialKey KeyOf(const Trial& trial, size_t column) {
    static_assert(kColumnsMax <= UINT16_MAX);
    return {static_cast<uint16_t>(trial.determinants.front()),
            static_cast<uint16_t>(trial.determinants.back()), static_cast<uint16_t>(column)};
  }

  // Tries at the same time, then takes what was found in the order of the trials.
  absl::Status TryAll(std::vector<Trial> trials) {
    DQ_RETURN_IF_ERROR(pool_.ParallelFor(trials.size(), [&](size_t i) {
      absl::Status go_on = CheckStop(known_.stop_);
      if (go_on.ok()) Try(trials[i]);
      return go_on;
    }));
    for (Trial& trial : trials) Take(trial);
    return absl::OkStatus();
  }

  // Groups the rows for the first columns of the pairs, so that pairs have only to divide them.
  absl::Status GroupByFirst(const std::vector<Trial>& pairs) {
    absl::flat_hash_set<size_t> first;
    for (const Trial& pair : pairs) first.insert(pair.determinants[0]);
    const std::vector<size_t> columns(first.begin(), first.end());
    return pool_.ParallelFor(columns.size(), [&](size_t i) {
      absl::Status go_on = CheckStop(known_.stop_);
      if (go_on.ok()) GroupBy(columns[i]);
      return go_on;
    });
  }

  const GroupedRows& GroupBy(size_t column) {
    std::optional<GroupedRows>& groups = groups_[column];
    if (!groups.has_value()) groups.emplace(columns_[column], kGroupRowsMin);
    return *groups;
  }

  // Trials of one column are tried on one thread each, so that it can group the rows.
  void Try(Trial& trial) {
    VoteCounter counter;
    std::optional<GroupedRows> divided;
    for (size_t i = 0; i < targets_.size(); ++i) {
      const Target& target = targets_[i];
      const auto& own = trial.determinants;
      if (std::find(own.begin(), own.end(), target.column) != own.end()) continue;
      if (!IsOpen(target, trial)) continue;
      if (Recall(trial, i)) continue;
      const GroupedRows& groups = GroupBy(own[0]);
      if (own.size() > 1 && !divided.has_value()) divided.emplace(groups, columns_[own[1]]);
      const EncodedColumn& column = columns_[target.column];
      VoteCalibration calibration =
          Calibrate(divided.has_value() ? *divided : groups, column,
                    {.counts = column.counts, .usual = target.usual, .typos = target.typos},
                    static_cast<int64_t>(column.codes.size()) - target.rows, counter);
      if (calibration.IsDependency(column.counts[target.usual], target.rows) ||
          calibration.IsPredictor()) {
        trial.found.emplace_back(i, std::move(calibration));
      } else {
        trial.nothing.push_back(i);
      }
    }
  }

  // Takes what an earlier call found; false when there is nothing.
  bool Recall(Trial& trial, size_t i) const {
    const TrialKey key = KeyOf(trial, targets_[i].column);
    if (known_.telling_nothing_.contains(key)) return true;
    const auto found = known_.telling_.find(key);
    if (found == known_.telling_.end()) return false;
    trial.found.emplace_back(i, found->second);
    return true;
  }

  void Take(const Trial& trial) {
    for (const size_t i : trial.nothing) {
      known_.telling_nothing_.insert(KeyOf(trial, targets_[i].column));
    }
    for (const auto& [i, calibration] : trial.found) {
      Target& target = targets_[i];
      known_.telling_.emplace(KeyOf(trial, target.column), calibration);
      if (!IsOpen(target, trial)) continue;
      Dependency dependency{target.column, trial.determinants, calibration};
      const bool pair = trial.determinants.size() > 1;
      if (!calibration.IsDependency(columns_[target.column].counts[target.usual], target.rows)) {
        TakePredictor(target, std::move(dependency));
      } else if (!pair || 1 - calibration.accuracy() <= (1 - target.accuracy()) / 2) {
        // A pair must be worth more than its columns.
        target.found.push_back(std::move(dependency));
      }
    }
  }

  static void TakePredictor(Target& target, Dependency dependency) {
    if (dependency.determinants.size() > 1) return;
    dependency.conditional = true;
    if (!target.predictor.has_value() ||
        dependency.calibration.gain() > target.predictor->calibration.gain()) {
      target.predictor = std::move(dependency);
    }
  }

  std::vector<Dependency> Best() {
    std::vector<Dependency> best;
    for (Target& target : targets_) {
      std::vector<Dependency>& found = target.found;
      if (found.empty() && target.predictor.has_value()) {
        best.push_back(std::move(*target.predictor));
      }
      std::stable_sort(found.begin(), found.end(), [](const Dependency& a, const Dependency& b) {
        return a.calibration.accuracy() > b.calibration.accuracy();
      });
      if (found.size() > kDependenciesMax) found.resize(kDependenciesMax);
      std::move(found.begin(), found.end(), std::back_inserter(best));
    }
    return best;
  }

  DependencySearch& known_;
  const std::vector<EncodedColumn>& columns_;
  const std::vector<bool>& changed_;
  TaskPool& pool_;
  std::vector<size_t> determinants_;
  std::vector<std::optional<GroupedRows>> groups_;  // By column.
  std::vector<Target> targets_;
};

void DependencySearch::Forget(const std::vector<bool>& changed) {
  const auto is_old = [&changed](const TrialKey& key) {
    return changed[key.first] || changed[key.last] || changed[key.target];
  };
  absl::erase_if(telling_, [&](const auto& known) { return is_old(known.first); });
  absl::erase_if(telling_nothing_, is_old);
}

absl::StatusOr<std::vector<Dependency>> DependencySearch::Find(
    const std::vector<EncodedColumn>& columns, const std::vector<size_t>& targets,
    const std::vector<bool>& changed, TaskPool& pool) {
  return Run(*this, columns, changed, pool).Find(targets);
}

}  // namespace dq
