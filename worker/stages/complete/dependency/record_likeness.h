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

  // The columns in which rows are compared: those that do not number them.
  const std::vector<size_t>& columns() const { return telling_; }
  // Whether a row must be like a row that votes: most of the rows that agree on the determinants of
  // `dependency` and hold a target are alike. Rows are alike that differ in no cell that both have;
  // of no other than the determinants and the target.
  bool SupportedByCopies(const Dependency& dependency);

 private:
  ValueIndexes& rows_;
  std::vector<size_t> telling_;
};

}  // namespace dq
