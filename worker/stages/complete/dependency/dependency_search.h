// Finds by which columns the missing cells of a column can be known: single columns and pairs of
// them whose equal values go with equal values of the column, errors allowed. The rules are
// published in worker/README.md. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/stages/complete/dependency/vote_calibration.h"
#include "worker/stages/complete/sample/encoded_column.h"
#include "worker/table/table_limits.h"

namespace dq {

// A dependency that was found.
struct Dependency {
  size_t target = 0;
  std::vector<size_t> determinants;  // One or two columns.
  VoteCalibration calibration;
  // It does not determine the target, but is the column that best predicts it.
  bool conditional = false;
  // A row must be like a row that votes (record_likeness.h).
  bool of_copies = false;
};

// Whether values of a column come together in groups that can tell something: it does not number
// the rows.
bool CanDetermine(const EncodedColumn& column);

inline constexpr size_t kDependencyColumnsMax = 64;  // That are tried as determinants.
inline constexpr size_t kDependencyPairsMax = 100;
inline constexpr size_t kDependenciesMax = 4;  // Of one target.

// A search that can be repeated when some cells have been filled: only what they may have changed
// is tried again.
class DependencySearch {
 public:
  // `stop` says whether to end with CANCELLED; the pool's threads call it.
  explicit DependencySearch(std::function<bool()> stop) : stop_(std::move(stop)) {}

  // Finds the dependencies of `targets` (places in `columns`), the more accurate first, at most
  // kDependenciesMax for each; the best predictor of a target that has none. Independent of the
  // threads of `pool`. Missing cells are blank in `columns`. `changed` says which columns are not
  // as they were at the last call; `targets` are always the same.
  absl::StatusOr<std::vector<Dependency>> Find(const std::vector<EncodedColumn>& columns,
                                               const std::vector<size_t>& targets,
                                               const std::vector<bool>& changed, TaskPool& pool);

 private:
  class Run;
  // The first and the last determinant and the target: wide tables have hundreds of thousands.
  struct TrialKey {
    uint16_t first;
    uint16_t last;
    uint16_t target;
    bool operator==(const TrialKey&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const TrialKey& key) {
      return H::combine(std::move(state),
                        uint64_t{key.first} << 32 | uint64_t{key.last} << 16 | key.target);
    }
  };

  void Forget(const std::vector<bool>& changed);

  std::function<bool()> stop_;
  // What is known from earlier calls.
  absl::flat_hash_map<TrialKey, VoteCalibration> telling_;
  absl::flat_hash_set<TrialKey> telling_nothing_;
};

}  // namespace dq
