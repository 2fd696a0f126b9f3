// Whether what supports a dependency are records that are there several times: customers who were
// entered twice, under two numbers. That the birthday says the telephone is then known of rows that
// are alike in all else; of others nothing is. Beside the search for dependencies. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "worker/stages/complete/dependency/dependency_search.h"
#include "worker/stages/complete/sample/value_index.h"

namespace dq {

class RecordLikeness {
 public:
  // `rows` outlives it and stays as it is.
  explicit RecordLikeness(ValueIndexes& rows);

  // Returns the columns in which a row must be like a row that votes, where most of the rows that
  // agree on the determinants of `dependency` and hold a target are alike; none where they are not.
  // Rows are alike that differ in no cell that both have. Columns that number the rows are left
  // out.
  std::vector<size_t> ColumnsToBeAlikeIn(const Dependency& dependency);

 private:
  ValueIndexes& rows_;
  std::vector<size_t> telling_;  // Columns that do not number the rows.
};

}  // namespace dq
