// What the dependencies of a table say about missing cells: for every value of a determinant the
// value its target should have, and how sure that is. Immutable once built; thread-safe then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "worker/chain/memory_budget.h"
#include "worker/stages/complete/dependency_search.h"
#include "worker/stages/complete/encoded_column.h"

namespace dq {

// Fills by dependencies are never made below.
inline constexpr double kDependencyConfidenceMin = 0.9;

class DependencyTable {
 public:
  struct Answer {
    std::string_view value;
    std::string_view method;      // "dependency:" and the names of the determinant's columns.
    std::string_view confidence;  // As text, rounded down to thousandths.
  };
  // Where a dependency comes from, and what it may fill in.
  struct Source {
    const std::vector<EncodedColumn>& columns;
    // Of other rows, on which what is said is tested where they hold a value; null: no test.
    const std::vector<EncodedColumn>* tested_on = nullptr;
    std::string method;  // What fills are called.
    double confidence_min = 0;
    absl::FunctionRef<bool(std::string_view value)> accepts;
  };
  // Returns the value of a cell of the row at hand, trimmed; empty when it is missing.
  using CellOf = absl::FunctionRef<std::string_view(size_t column)>;

  // `memory` outlives the table.
  DependencyTable(size_t columns, MemoryBudget& memory);
  ~DependencyTable() { memory_.Release(taken_bytes_); }
  DependencyTable(const DependencyTable&) = delete;
  DependencyTable& operator=(const DependencyTable&) = delete;

  // Adds what `dependency` says by the rows of its source, as far as it is admitted. OUT_OF_MEMORY
  // when it does not fit.
  absl::Status Add(const Dependency& dependency, const Source& source);

  // Returns what the dependencies of a column say about a row whose cell is missing: the surest
  // value. Another value that is nearly as sure makes it less sure, maybe less than
  // `confidence_min`: then there is no answer.
  std::optional<Answer> Find(size_t target, const CellOf cell, double confidence_min) const;
  bool has_rules(size_t target) const { return !rules_[target].empty(); }
  bool empty() const { return kept_.empty(); }

 private:
  struct Verdict {
    std::string_view value;
    double sure = 0;
  };
  struct Rule {
    std::vector<size_t> determinants;
    std::string_view method;
    absl::flat_hash_map<uint64_t, Verdict> verdicts;  // By the hash of the determinant's values.
  };

  std::string_view Keep(std::string_view text);
  static void Test(const std::vector<EncodedColumn>& columns, size_t target, double confidence_min,
                   Rule& rule);
  const Verdict* Ask(const Rule& rule, const CellOf cell) const;

  std::vector<std::vector<Rule>> rules_;  // By target.
  std::deque<std::string> texts_;
  absl::flat_hash_set<std::string_view> kept_;  // Views of `texts_`.
  std::vector<std::string> confidences_;        // By thousandths.
  MemoryBudget& memory_;
  int64_t taken_bytes_ = 0;
};

}  // namespace dq
