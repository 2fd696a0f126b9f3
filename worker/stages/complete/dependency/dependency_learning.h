// Learns from a sample of the file, and of the reference, how missing cells can be known from other
// cells of their row. Puts the search and the tables together. The rules are published in
// worker/README.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/stages/complete/dependency/dependency_table.h"
#include "worker/stages/complete/dependency/sample_filling.h"
#include "worker/stages/complete/profile/column_profile.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// What is known about the columns that dependencies are learned for.
struct DependencyScope {
  const std::vector<std::string>& names;
  const std::vector<ColumnFindings>& findings;
  const std::vector<size_t>& key_columns;  // Never filled: they tell rows apart.
  // The rows of the reference, a column of the file each, all cells blank where it has none; empty:
  // there is no reference. Missing cells are blank.
  const std::vector<EncodedColumn>& reference;
  // Whether the sample holds all rows of the file, so that nothing else will be asked.
  bool whole = false;
  double confidence_min = 0;
  std::function<bool()> stop;  // Whether to end with CANCELLED. Called by the pool's threads.
};

// What is learned in one round after the other, each from the sample as the rounds before have
// filled it, until nothing more is filled: then cleaning a cleaned file fills nothing. A row is
// filled by the tables in this order, by each as long as it fills something.
using DependencyTables = std::vector<std::unique_ptr<DependencyTable>>;
inline constexpr size_t kDependencyRoundsMax = 16;

// Learns what the sample, and the reference, say about the columns that miss cells, and fills the
// sample by it. Errors of DependencyTable::Close;
// CANCELLED.
absl::StatusOr<DependencyTables> LearnDependencies(const DependencyScope& scope,
                                                   SampleFilling& sample, TaskPool& pool,
                                                   MemoryBudget& memory);

}  // namespace dq
