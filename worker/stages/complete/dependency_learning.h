// Learns from a sample of the file, and of the reference, how missing cells can be known from other
// cells of their row. Puts the search and the table together. The rules are published in
// worker/README.md.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "worker/stages/complete/column_profile.h"
#include "worker/stages/complete/dependency_table.h"
#include "worker/stages/complete/encoded_column.h"

namespace dq {

// What is known about the columns that dependencies are learned for.
struct DependencyScope {
  const std::vector<std::string>& names;
  const std::vector<ColumnFindings>& findings;
  const std::vector<size_t>& key_columns;  // Never filled: they tell rows apart.
  double confidence_min = 0;
};

// Adds to `table` what the rows of `sampled` (a column of the file each; all cells blank where
// there is none) say about the columns that miss cells. `source` begins the names of the fills.
// Missing cells of `sampled` are made blank. Errors of DependencyTable::Add.
absl::Status LearnDependencies(const DependencyScope& scope, const std::string& source,
                               const std::vector<EncodedColumn>& sampled, TaskPool& pool,
                               DependencyTable& table);

}  // namespace dq
