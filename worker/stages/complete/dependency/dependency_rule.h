// What one dependency says about missing cells: for every value of its determinants the value its
// target should have, and how sure that is. While it is learned it judges the values that it is
// asked about, or all of them; closed, it knows only these. Thread-safe once closed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "worker/stages/complete/dependency/dependency_search.h"
#include "worker/stages/complete/dependency/test_outcomes.h"
#include "worker/stages/complete/dependency/vote_group.h"
#include "worker/stages/complete/dependency/voter_cells.h"
#include "worker/stages/complete/sample/value_index.h"

namespace dq {

// Where a dependency comes from, and what it may fill in.
struct DependencySource {
  ValueIndexes& rows;
  // Where cells of voters are kept; null: no row must be like them.
  VoterCells* voters = nullptr;
  // Other rows, on which what is said is tested where they hold a value; null: no test.
  ValueIndexes* tested_on = nullptr;
  std::string method = {};  // What fills are called.
  double confidence_min = 0;
  std::function<bool(std::string_view value)> accepts = {};
};

class DependencyRule {
 public:
  struct Verdict {
    std::string_view value;
    double sure = 0;     // 0: nothing is said.
    uint32_t voter = 0;  // A row that voted for it; once kept, its place among them.
  };
  // Returns the hash of a cell of the row at hand: HashOf its trimmed value, kNoValue when it is
  // missing.
  using CellOf = absl::FunctionRef<uint64_t(size_t column)>;
  static constexpr uint64_t kNoValue = 0;
  // kNoValue for values so long that nothing is known about them.
  static uint64_t HashOf(std::string_view value);

  // What `source` points to outlives the learning, and stays as it is while it lasts; the voters
  // outlive the rule.
  DependencyRule(const Dependency& dependency, DependencySource source);

  // Returns what is said about a row whose target is missing; null: nothing. While learning it is
  // judged when it was not before, by votes counted with `counter`.
  const Verdict* Judge(CellOf cell, VoteCounter& counter);
  const Verdict* Find(CellOf cell) const;
  // Judges all values. Before, MakeIndexes, one thread at a time; then other rules may do the same
  // on other threads. Afterwards KeepVoters, one thread at a time again.
  void JudgeAll();
  void MakeIndexes();
  void KeepVoters();
  // Ends learning: the rule holds copies of what it says.
  void Close();

  size_t verdict_count() const { return verdicts_.size(); }
  std::string_view method() const { return method_; }

 private:
  using Verdicts = absl::flat_hash_map<uint64_t, Verdict>;
  struct Learning {
    DependencySource source;
    VoteCalibration calibration;
    Verdicts judged = {};  // By the votes alone, not tested.
    bool judged_all = false;
    bool tested = false;
    TestOutcomes outcomes = {};
    std::vector<uint32_t> rows = {};  // Of the group at hand.
  };
  // The codes of a row's determinants.
  using Codes = std::array<uint32_t, 2>;

  ValueIndex& IndexOf(size_t determinant) const;
  Verdict JudgeVotes(uint64_t key, const Codes& codes, VoteCounter& counter);
  Verdict VerdictOf(const VoteGroup& votes, std::span<const uint32_t> rows);
  std::span<const uint32_t> RowsOf(const Codes& codes);
  bool IsFor(const Verdict& verdict, CellOf cell) const;
  void Test(VoteCounter& counter);
  Verdict Tested(Verdict verdict, VoteCounter& counter);

  std::vector<size_t> determinants_;
  size_t target_;
  VoterCells* voters_;  // Null: a row need not be like the voter.
  std::string method_;
  Verdicts verdicts_;              // By the hash of the determinants' values.
  std::unique_ptr<char[]> texts_;  // Of the verdicts, once closed.
  std::unique_ptr<Learning> learning_;
};

}  // namespace dq
