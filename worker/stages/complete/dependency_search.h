// Finds by which columns the missing cells of a column can be known: single columns and pairs of
// them whose equal values go with equal values of the column, errors allowed. The rules are
// published in worker/README.md. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/stages/complete/encoded_column.h"
#include "worker/stages/complete/vote_calibration.h"

namespace dq {

// A dependency that was found.
struct Dependency {
  size_t target = 0;
  std::vector<size_t> determinants;  // One or two columns.
  VoteCalibration calibration;
};

inline constexpr size_t kDependencyColumnsMax = 64;  // That are tried as determinants.
inline constexpr size_t kDependencyPairsMax = 100;
inline constexpr size_t kDependenciesMax = 4;  // Of one target.

// Finds the dependencies of `targets` (places in `columns`), the more accurate first, at most
// kDependenciesMax for each; independent of the threads of `pool`. Missing cells are blank in
// `columns`.
absl::StatusOr<std::vector<Dependency>> FindDependencies(const std::vector<EncodedColumn>& columns,
                                                         const std::vector<size_t>& targets,
                                                         TaskPool& pool);

}  // namespace dq
