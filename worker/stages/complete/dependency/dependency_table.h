// What the dependencies of a table say about missing cells: for every value of a determinant the
// value its target should have, and how sure that is. Immutable once closed; thread-safe then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/complete/dependency/dependency_rule.h"
#include "worker/stages/complete/dependency/vote_group.h"
#include "worker/stages/complete/dependency/voter_cells.h"

namespace dq {

// Fills by dependencies are never made below.
inline constexpr double kDependencyConfidenceMin = 0.9;

class DependencyTable {
 public:
  struct Answer {
    std::string_view value;
    // "dependency:", "conditional:" or "reference-dependency:", and the names of the determinant's
    // columns.
    std::string_view method;
    double sure;
  };
  using CellOf = DependencyRule::CellOf;

  // `memory` outlives the table.
  DependencyTable(size_t columns, MemoryBudget& memory);

  // The rows whose votes Add is told of, and the columns in which a row must be like a voter where
  // a dependency rests on copies. The rows outlive the learning.
  void CompareVoters(const std::vector<EncodedColumn>& rows, const std::vector<size_t>& columns);
  // Adds what `dependency` says by the rows of its source, as far as it will be asked.
  void Add(const Dependency& dependency, DependencySource source);
  // Makes all answers, whatever will be asked. Independent of the threads of `pool`. CANCELLED once
  // `stop` says so.
  absl::Status AnswerAll(TaskPool& pool, const std::function<bool()>& stop);
  // The same as Find while the table is learned: makes the answer when there is none yet.
  std::optional<Answer> Learn(size_t target, CellOf cell, double confidence_min);
  // Ends learning: from now on only answers that were made are found. OUT_OF_MEMORY when they do
  // not fit.
  absl::Status Close(TaskPool& pool);
  // Whether all answers are made, so that Find finds them while the table is learned.
  bool knows_all() const { return knows_all_; }

  // Returns what the dependencies of a column say about a row whose cell is missing: the surest
  // value. Another value that is nearly as sure makes it less sure, maybe less than
  // `confidence_min`: then there is no answer.
  std::optional<Answer> Find(size_t target, CellOf cell, double confidence_min) const;
  bool has_rules(size_t target) const { return !rules_[target].empty(); }
  bool empty() const;

 private:
  using Verdict = DependencyRule::Verdict;

  std::optional<Answer> Choose(size_t target, double confidence_min,
                               absl::FunctionRef<const Verdict*(size_t rule)> verdict_of) const;
  absl::Status TakeMemory();
  void ForgetSilentRules();

  std::unique_ptr<VoterCells> voters_;              // Of all rules.
  std::vector<std::vector<DependencyRule>> rules_;  // By target.
  VoteCounter counter_;                             // While learning.
  bool knows_all_ = false;
  TakenBytes taken_;
};

}  // namespace dq
