#include "worker/stages/dedupe/fuzzy/fuzzy_matcher.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/blocking.h"
#include "worker/stages/dedupe/fuzzy/clustering.h"
#include "worker/stages/dedupe/fuzzy/source_split.h"

namespace dq {
namespace {

constexpr size_t kRandomPairs = 600'000;
constexpr size_t kLearnedPairs = 2'000'000;
// Pairs that lack no more bits are scored again when it is known how rare their values are.
constexpr double kLikelyBits = 10;
// Clusters join when their members' mean evidence outweighs this share of the odds against a pair.
constexpr double kJointShare = 0.4;
// Two sources are taken for such when this share of the smaller one has a partner in the other, and
// when no more than that share of all records repeats another of its source.
constexpr double kLinkedShareMin = 0.1;
constexpr double kRepeatsMax = 0.02;

}  // namespace

FuzzyMatcher::FuzzyMatcher(RecordStore& store, const std::vector<RecordId>& equal_to,
                           MemoryBudget& memory, std::function<bool()> stop)
    : store_(store), equal_to_(equal_to), memory_(memory), stop_(std::move(stop)) {}

absl::StatusOr<FuzzyClusters> FuzzyMatcher::Run() {
  for (RecordId record = 0; record < store_.size(); ++record) {
    if (equal_to_[record] == record) records_.push_back(record);
  }
  FuzzyClusters clusters;
  clusters.leader_of = equal_to_;
  const std::optional<RecordId> split = FindSourceSplit(store_);
  DQ_ASSIGN_OR_RETURN(RecordComparison comparison, RecordComparison::Prepare(store_, memory_));
  comparison_ = std::make_unique<RecordComparison>(std::move(comparison));
  if (comparison_->fields().empty() || records_.size() < 2) return clusters;
  Attempt attempt;
  bool linked = false;
  if (split && !SourcesRepeatThemselves(*split)) {
    DQ_ASSIGN_OR_RETURN(attempt, Try({.split = split}));
    const auto smaller = static_cast<double>(std::min<size_t>(*split, store_.size() - *split));
    linked = static_cast<double>(attempt.joined) >= kLinkedShareMin * smaller;
  }
  if (!linked) {
    DQ_ASSIGN_OR_RETURN(attempt, Try({}));
  }
  clusters.pairs_compared = attempt.pairs_compared;
  clusters.leader_of = std::move(attempt.leader_of);
  for (RecordId record = 0; record < store_.size(); ++record) {
    clusters.leader_of[record] = clusters.leader_of[equal_to_[record]];
  }
  return clusters;
}

absl::StatusOr<FuzzyMatcher::Attempt> FuzzyMatcher::Try(const PairScope& scope) {
  DQ_ASSIGN_OR_RETURN(const Candidates found,
                      FindCandidates(*comparison_, records_, scope, memory_, stop_));
  Learn(scope, found);
  scorer_ = std::make_unique<PairScorer>(*comparison_, model_);
  std::vector<PairKey> likely;
  std::vector<MatchedPair> matched = Score(found.pairs, kLikelyBits, &likely);
  const EvidenceOf evidence_of = [this](RecordId a, RecordId b) { return scorer_->Evidence(a, b); };
  const ClusterRules rules{.joint_evidence_min = -kJointShare * model_.prior(),
                           .pairs_only = scope.split.has_value()};
  Attempt attempt;
  attempt.pairs_compared = static_cast<int64_t>(found.pairs.size());
  attempt.leader_of = ClusterRecords(store_.size(), matched, rules, evidence_of);
  scorer_->WeighByRarity(attempt.leader_of);
  matched = Score(likely, 0, nullptr);
  attempt.leader_of = ClusterRecords(store_.size(), matched, rules, evidence_of);
  for (RecordId record = 0; record < store_.size(); ++record) {
    attempt.joined += attempt.leader_of[record] == record ? 0 : 1;
  }
  return attempt;
}

// Whether a source holds records of its own that are written alike in all that is compared.
bool FuzzyMatcher::SourcesRepeatThemselves(RecordId split) const {
  std::vector<std::vector<ValueId>> rows;
  for (RecordId record = 0; record < store_.size(); ++record) {
    std::vector<ValueId> row = {record < split ? ValueId{0} : ValueId{1}};
    for (size_t i = 0; i < comparison_->fields().size(); ++i) {
      row.push_back(comparison_->value(record, i));
    }
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end());
  const auto repeats = static_cast<size_t>(rows.end() - std::unique(rows.begin(), rows.end()));
  return static_cast<double>(repeats) > kRepeatsMax * static_cast<double>(store_.size());
}

std::vector<MatchedPair> FuzzyMatcher::Score(const std::vector<PairKey>& pairs, double likely_bits,
                                             std::vector<PairKey>* likely) const {
  std::vector<MatchedPair> matched;
  for (const PairKey pair : pairs) {
    const double evidence = scorer_->Evidence(FirstOf(pair), SecondOf(pair));
    const double odds = evidence + model_.prior();
    if (odds > 0) matched.push_back({pair, static_cast<float>(evidence)});
    if (likely != nullptr && odds > -likely_bits) likely->push_back(pair);
  }
  return matched;
}

void FuzzyMatcher::Learn(const PairScope& scope, const Candidates& candidates) {
  const std::vector<PairKey>& pairs = candidates.pairs;
  ModelInput input;
  input.records = static_cast<double>(records_.size());
  input.pairs_total = scope.Pairs(records_);
  const size_t step = pairs.size() / kLearnedPairs + 1;
  std::vector<Pattern> patterns;
  for (size_t i = 0; i < pairs.size(); i += step) {
    patterns.push_back(comparison_->Compare(FirstOf(pairs[i]), SecondOf(pairs[i])));
  }
  input.candidates = CountPatterns(std::move(patterns), static_cast<double>(step));
  if (candidates.complete) {
    input.random = input.candidates;
  } else {
    std::mt19937_64 random(1);
    patterns.clear();
    for (size_t i = 0; i < kRandomPairs; ++i) {
      const RecordId a = records_[random() % records_.size()];
      const RecordId b = records_[random() % records_.size()];
      if (a != b && scope.Allows(a, b)) patterns.push_back(comparison_->Compare(a, b));
    }
    input.random = CountPatterns(std::move(patterns), 1);
  }
  model_ = MatchModel::Learn(comparison_->fields(), input);
}

double FuzzyMatcher::Confidence(RecordId a, RecordId b) const {
  return 1 / (1 + std::exp2(-scorer_->LogOdds(a, b)));
}

std::string FuzzyMatcher::Explain(RecordId a, RecordId b,
                                  const std::vector<std::string>& columns) const {
  const Pattern pattern = comparison_->Compare(a, b);
  std::vector<std::pair<double, size_t>> weights;
  for (size_t i = 0; i < comparison_->fields().size(); ++i) {
    if (LevelOf(pattern, i) == kLevelUnknown) continue;
    weights.push_back({scorer_->FieldWeight(i, LevelOf(pattern, i), comparison_->value(a, i)), i});
  }
  std::stable_sort(weights.begin(), weights.end(), [](const auto& x, const auto& y) {
    return std::abs(x.first) > std::abs(y.first);
  });
  std::string text;
  for (const auto& [weight, field] : weights) {
    std::array<char, 32> number;
    std::snprintf(number.data(), number.size(), " %+.1f", weight);
    text += text.empty() ? "" : "; ";
    text += columns[store_.column(comparison_->fields()[field].field)] + number.data();
  }
  return text;
}

}  // namespace dq
