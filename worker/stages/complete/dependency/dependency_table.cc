#include "worker/stages/complete/dependency/dependency_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"

namespace dq {
namespace {

constexpr size_t kVerdictBytes = 64;  // With its share of the map and of the texts.

// How far apart two confidences are, as the difference of their log odds.
double Odds(double sure) {
  const double bounded = std::min(sure, 0.999);
  return std::log(bounded / (1 - bounded));
}

}  // namespace

DependencyTable::DependencyTable(size_t columns, MemoryBudget& memory)
    : rules_(columns), taken_(memory, "the dependencies between the columns") {}

void DependencyTable::CompareVoters(const std::vector<EncodedColumn>& rows,
                                    const std::vector<size_t>& columns) {
  if (!columns.empty()) voters_ = std::make_unique<VoterCells>(rows, columns);
}

void DependencyTable::Add(const Dependency& dependency, DependencySource source) {
  if (dependency.of_copies) source.voters = voters_.get();
  rules_[dependency.target].emplace_back(dependency, std::move(source));
}

absl::Status DependencyTable::AnswerAll(TaskPool& pool, const std::function<bool()>& stop) {
  for (std::vector<DependencyRule>& rules : rules_) {
    DQ_RETURN_IF_ERROR(CheckStop(stop));
    for (DependencyRule& rule : rules) rule.MakeIndexes();
    DQ_RETURN_IF_ERROR(pool.ParallelFor(rules.size(), [&](size_t i) {
      rules[i].JudgeAll();
      return absl::OkStatus();
    }));
    for (DependencyRule& rule : rules) rule.KeepVoters();
    DQ_RETURN_IF_ERROR(TakeMemory());
  }
  ForgetSilentRules();
  knows_all_ = true;
  return absl::OkStatus();
}

absl::Status DependencyTable::Close(TaskPool& pool) {
  ForgetSilentRules();
  if (voters_ != nullptr) voters_->Close();
  DQ_RETURN_IF_ERROR(TakeMemory());
  return pool.ParallelFor(rules_.size(), [&](size_t target) {
    for (DependencyRule& rule : rules_[target]) rule.Close();
    return absl::OkStatus();
  });
}

// Accounts for what the rules say.
absl::Status DependencyTable::TakeMemory() {
  size_t bytes = voters_ == nullptr ? 0 : voters_->bytes();
  for (const std::vector<DependencyRule>& rules : rules_) {
    for (const DependencyRule& rule : rules) {
      bytes += rule.verdict_count() * kVerdictBytes;
    }
  }
  return taken_.Resize(bytes);
}

void DependencyTable::ForgetSilentRules() {
  for (std::vector<DependencyRule>& rules : rules_) {
    std::erase_if(rules, [](const DependencyRule& rule) { return rule.verdict_count() == 0; });
  }
}

bool DependencyTable::empty() const {
  return std::all_of(rules_.begin(), rules_.end(), [](const auto& rules) { return rules.empty(); });
}

std::optional<DependencyTable::Answer> DependencyTable::Learn(size_t target, CellOf cell,
                                                              double confidence_min) {
  return Choose(target, confidence_min,
                [&](size_t rule) { return rules_[target][rule].Judge(cell, counter_); });
}

std::optional<DependencyTable::Answer> DependencyTable::Find(size_t target, CellOf cell,
                                                             double confidence_min) const {
  return Choose(target, confidence_min,
                [&](size_t rule) { return rules_[target][rule].Find(cell); });
}

// Chooses among what the rules of a column say.
std::optional<DependencyTable::Answer> DependencyTable::Choose(
    size_t target, double confidence_min,
    absl::FunctionRef<const Verdict*(size_t rule)> verdict_of) const {
  const Verdict* best = nullptr;
  size_t best_rule = 0;
  double against = 0;
  for (size_t rule = 0; rule < rules_[target].size(); ++rule) {
    const Verdict* const verdict = verdict_of(rule);
    if (verdict == nullptr) continue;
    if (best != nullptr && verdict->sure <= best->sure) {
      if (verdict->value != best->value) against = std::max(against, verdict->sure);
      continue;
    }
    if (best != nullptr && verdict->value != best->value) against = std::max(against, best->sure);
    best = verdict;
    best_rule = rule;
  }
  if (best == nullptr) return std::nullopt;
  double sure = best->sure;
  // Another value is as good as an error of the best one's.
  if (against > 0) sure = 1 / (1 + std::exp(Odds(against) - Odds(sure)));
  if (sure < confidence_min) return std::nullopt;
  return Answer{best->value, rules_[target][best_rule].method(), sure};
}

}  // namespace dq
