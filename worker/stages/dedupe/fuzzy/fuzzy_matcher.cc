#include "worker/stages/dedupe/fuzzy/fuzzy_matcher.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <random>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/fuzzy/blocking.h"
#include "worker/stages/dedupe/fuzzy/clustering.h"
#include "worker/stages/dedupe/fuzzy/matching_report.h"
#include "worker/stages/dedupe/fuzzy/source_split.h"

namespace dq {
namespace {

constexpr size_t kRandomPairs = 400'000;
// Pairs are compared in parts of so many, on any thread.
constexpr size_t kPartPairs = size_t{1} << 14;
// How many matches there are, before anything is known: by record, by record of the smaller source.
constexpr double kMatchesGuess = 0.1;
constexpr double kLinksGuess = 0.9;
constexpr size_t kLearnedPairs = 1'000'000;
// Half of the copies at least share their group and what tells its members apart.
constexpr double kMatchesOfCopiesMax = 2;
// Pairs that lack no more bits are scored again when it is known how rare their values are.
constexpr double kLikelyBits = 10;
// Odds of pairs, in bits, by which is judged how rare values are and what is a source: whatever
// threshold is asked for, the evidence is the same.
constexpr double kOddsMin = 0;
// Clusters join when their members' mean evidence outweighs this share of the odds against a pair.
constexpr double kJointShare = 0.4;
// Of a record while clusters grow: its leader, its members, the holders of a value.
constexpr size_t kClusterBytes = 48;
// Two sources are taken for such when this share of the smaller one has a partner in the other, and
// when no more than that share of all records repeats another of its source.
constexpr double kLinkedShareMin = 0.1;
constexpr size_t kNamesMax = 8;  // Of columns in a note.
constexpr double kRepeatsMax = 0.02;
// How much of all work it takes to make records comparable, and where the steps of an attempt end.
constexpr double kPreparedShare = 0.05;
constexpr double kTwoSourcesShare = 0.5;
constexpr double kFoundEnd = 0.4;
constexpr double kLearnedEnd = 0.55;
constexpr double kScoredEnd = 0.75;
constexpr double kClusteredEnd = 0.8;
constexpr double kScoredAgainEnd = 0.95;

size_t PartsOf(size_t pairs) { return (pairs + kPartPairs - 1) / kPartPairs; }

}  // namespace

FuzzyMatcher::FuzzyMatcher(RecordStore& store, const std::vector<RecordId>& equal_to,
                           double threshold, const StageContext& context)
    : store_(store),
      equal_to_(equal_to),
      threshold_(threshold),
      odds_min_(std::log2(threshold / (1 - threshold))),
      context_(context),
      work_(context_),
      records_bytes_(context.memory, "the records to compare") {}

absl::StatusOr<FuzzyClusters> FuzzyMatcher::Run() {
  DQ_RETURN_IF_ERROR(records_bytes_.Take(store_.size() * (2 * sizeof(RecordId))));
  records_.reserve(store_.size());
  for (RecordId record = 0; record < store_.size(); ++record) {
    if (equal_to_[record] == record) records_.push_back(record);
  }
  FuzzyClusters clusters;
  clusters.leader_of = equal_to_;
  work_.Start("Finding what the columns hold", kPreparedShare);
  const std::optional<RecordId> split = FindSourceSplit(store_);
  DQ_RETURN_IF_ERROR(work_.Reached(0));
  DQ_ASSIGN_OR_RETURN(RecordComparison comparison, RecordComparison::Prepare(store_, context_));
  comparison_ = std::make_unique<RecordComparison>(std::move(comparison));
  if (comparison_->fields().empty() || records_.size() < 2) return clusters;
  bool linked = false;
  double begin = kPreparedShare;
  if (split && !SourcesRepeatThemselves(*split)) {
    work_.Within(begin, kTwoSourcesShare);
    begin = kTwoSourcesShare;
    DQ_ASSIGN_OR_RETURN(attempt_, Try({.split = split}));
    const auto smaller = static_cast<double>(std::min<size_t>(*split, store_.size() - *split));
    linked = static_cast<double>(attempt_.joined) >= kLinkedShareMin * smaller;
  }
  if (!linked) {
    work_.Within(begin, 1);
    DQ_ASSIGN_OR_RETURN(attempt_, Try({}));
  }
  clusters.pairs_compared = attempt_.pairs_compared;
  clusters.leader_of = std::move(attempt_.leader_of);
  return clusters;
}

absl::StatusOr<FuzzyMatcher::Attempt> FuzzyMatcher::Try(const PairScope& scope) {
  work_.Start("Finding pairs of records to compare", kFoundEnd);
  DQ_ASSIGN_OR_RETURN(const Candidates found,
                      FindCandidates(*comparison_, records_, scope, context_, work_));
  work_.Start("Learning what duplicates look like", kLearnedEnd);
  TakenBytes taken(context_.memory, "the pairs to compare");
  DQ_RETURN_IF_ERROR(taken.Take(found.pairs.capacity() * sizeof(PairKey)));
  comparison_->DropStanding();
  if (scope.split) DQ_RETURN_IF_ERROR(MeasureStanding(found.pairs));
  DQ_RETURN_IF_ERROR(Learn(scope, found));
  scorer_ = std::make_unique<PairScorer>(*comparison_, model_);
  work_.Start("Comparing records", kScoredEnd);
  DQ_ASSIGN_OR_RETURN(std::vector<MatchedPair> matched, Score(found.pairs, -kLikelyBits));
  // The likely pairs, sorted again and in parts; who leads whom; how rare values are.
  DQ_RETURN_IF_ERROR(taken.Take(matched.size() * (sizeof(PairKey) + 3 * sizeof(MatchedPair))));
  DQ_RETURN_IF_ERROR(taken.Take(store_.size() * kClusterBytes));
  std::vector<PairKey> likely;
  likely.reserve(matched.size());
  for (const MatchedPair& match : matched) likely.push_back(match.pair);
  Attempt attempt;
  attempt.pairs_compared = static_cast<int64_t>(found.pairs.size());
  attempt.pairs_possible = scope.Pairs(records_);
  attempt.learned_step = LearnedStep(found);
  work_.Start("Putting records together", kClusteredEnd);
  scorer_->WeighByRarity(Cluster(matched, scope, kOddsMin));
  DQ_RETURN_IF_ERROR(work_.Reached(1));
  work_.Start("Comparing records", kScoredAgainEnd);
  DQ_ASSIGN_OR_RETURN(matched, Score(likely, std::min(kOddsMin, odds_min_)));
  work_.Start("Putting records together", 1);
  // Whether a split was right is judged by what is more likely than not.
  attempt.leader_of = Cluster(matched, scope, scope.split.has_value() ? kOddsMin : odds_min_);
  for (const RecordId record : records_) {
    attempt.joined += attempt.leader_of[record] == record ? 0 : 1;
  }
  if (scope.split.has_value() && odds_min_ != kOddsMin) {
    attempt.leader_of = Cluster(matched, scope, odds_min_);
  }
  DQ_RETURN_IF_ERROR(work_.Reached(1));
  return attempt;
}

// Puts the records of pairs together that have odds above `odds_min`, in bits.
std::vector<RecordId> FuzzyMatcher::Cluster(const std::vector<MatchedPair>& matched,
                                            const PairScope& scope, double odds_min) {
  std::vector<MatchedPair> pairs;
  std::copy_if(
      matched.begin(), matched.end(), std::back_inserter(pairs),
      [&](const MatchedPair& match) { return double{match.evidence} + model_.prior() > odds_min; });
  const ClusterRules rules{.joint_evidence_min = kJointShare * (odds_min - model_.prior()),
                           .pairs_only = scope.split.has_value()};
  std::vector<RecordId> leaders = ClusterRecords(
      store_.size(), std::move(pairs), rules,
      [this](RecordId a, RecordId b) { return scorer_->Evidence(a, b); },
      [this](double share) { return work_.Reached(share).ok(); });
  // What equals a record is of its cluster.
  for (RecordId record = 0; record < store_.size(); ++record) {
    leaders[record] = leaders[equal_to_[record]];
  }
  return leaders;
}

// How alike the longest texts are, over all pairs, and so what stands out.
absl::Status FuzzyMatcher::MeasureStanding(const std::vector<PairKey>& pairs) {
  const std::optional<size_t> text = comparison_->LongestText();
  if (!text) return absl::OkStatus();
  TakenBytes taken(context_.memory, "the pairs to compare");
  DQ_RETURN_IF_ERROR(taken.Take(pairs.size() * sizeof(float)));
  std::vector<float> alike(pairs.size());
  DQ_RETURN_IF_ERROR(InParts(pairs.size(), [&](size_t, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const ValueId a = comparison_->value(FirstOf(pairs[i]), *text);
      const ValueId b = comparison_->value(SecondOf(pairs[i]), *text);
      if (a == kNoValue || b == kNoValue) continue;
      alike[i] = static_cast<float>(a == b ? 1 : comparison_->grams(*text)->Cosine(a, b));
    }
  }));
  DQ_ASSIGN_OR_RETURN(TextStanding standing, TextStanding::Create(store_.size(), context_.memory));
  for (size_t i = 0; i < pairs.size(); ++i) {
    standing.Note(FirstOf(pairs[i]), SecondOf(pairs[i]), alike[i]);
  }
  comparison_->AddStanding(*text, std::move(standing));
  return absl::OkStatus();
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

absl::Status FuzzyMatcher::InParts(
    size_t pairs, const std::function<void(size_t part, size_t begin, size_t end)>& work) {
  const size_t parts = PartsOf(pairs);
  std::atomic<size_t> done = 0;
  return context_.pool.ParallelFor(parts, [&](size_t part) -> absl::Status {
    work(part, part * kPartPairs, std::min(pairs, (part + 1) * kPartPairs));
    return work_.Reached(static_cast<double>(++done) / static_cast<double>(parts));
  });
}

// The pairs with odds above `odds_min`, in bits, in the order of `pairs`.
absl::StatusOr<std::vector<MatchedPair>> FuzzyMatcher::Score(const std::vector<PairKey>& pairs,
                                                             double odds_min) {
  std::vector<std::vector<MatchedPair>> parts(PartsOf(pairs.size()));
  DQ_RETURN_IF_ERROR(InParts(pairs.size(), [&](size_t part, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const double evidence = scorer_->Evidence(FirstOf(pairs[i]), SecondOf(pairs[i]));
      if (evidence + model_.prior() > odds_min) {
        parts[part].push_back({pairs[i], static_cast<float>(evidence)});
      }
    }
  }));
  std::vector<MatchedPair> matched;
  for (auto& part : parts) {
    matched.insert(matched.end(), part.begin(), part.end());
    std::vector<MatchedPair>().swap(part);
  }
  return matched;
}

// The patterns of every `step`-th pair.
absl::StatusOr<std::vector<Pattern>> FuzzyMatcher::Compare(const std::vector<PairKey>& pairs,
                                                           size_t step) {
  std::vector<Pattern> patterns((pairs.size() + step - 1) / step);
  DQ_RETURN_IF_ERROR(InParts(patterns.size(), [&](size_t, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const PairKey pair = pairs[i * step];
      patterns[i] = comparison_->Compare(FirstOf(pair), SecondOf(pair)).pattern;
    }
  }));
  return patterns;
}

std::vector<PairKey> FuzzyMatcher::RandomPairs(const PairScope& scope) const {
  std::mt19937_64 random(1);
  std::vector<PairKey> pairs;
  for (size_t i = 0; i < kRandomPairs; ++i) {
    const RecordId a = records_[random() % records_.size()];
    const RecordId b = records_[random() % records_.size()];
    if (a != b && scope.Allows(a, b)) pairs.push_back(MakePair(a, b));
  }
  return pairs;
}

size_t FuzzyMatcher::LearnedStep(const Candidates& candidates) {
  return candidates.complete ? 1 : candidates.pairs.size() / kLearnedPairs + 1;
}

absl::Status FuzzyMatcher::Learn(const PairScope& scope, const Candidates& candidates) {
  const std::vector<PairKey>& pairs = candidates.pairs;
  const size_t step = LearnedStep(candidates);
  // Patterns, sorted apart, and rivals.
  TakenBytes taken(context_.memory, "the pairs to learn from");
  DQ_RETURN_IF_ERROR(taken.Take((pairs.size() / step + kRandomPairs) * 2 * sizeof(Pattern)));
  if (scope.split) DQ_RETURN_IF_ERROR(taken.Take(pairs.size() / step * sizeof(RivalPair)));
  ModelInput input;
  input.pairs_total = scope.Pairs(records_);
  input.matches_guess = kMatchesGuess * static_cast<double>(records_.size());
  DQ_ASSIGN_OR_RETURN(const std::vector<Pattern> patterns, Compare(pairs, step));
  input.candidates = CountPatterns(patterns, static_cast<double>(step));
  if (scope.split) {
    input.rival_step = static_cast<double>(step);
    input.first_source = static_cast<double>(
        std::lower_bound(records_.begin(), records_.end(), *scope.split) - records_.begin());
    input.second_source = static_cast<double>(records_.size()) - input.first_source;
    input.matches_guess = kLinksGuess * std::min(input.first_source, input.second_source);
    for (size_t i = 0; i < patterns.size(); ++i) {
      const auto place = std::lower_bound(
          input.candidates.begin(), input.candidates.end(), patterns[i],
          [](const auto& entry, Pattern pattern) { return entry.first < pattern; });
      input.rivals.push_back({.a = FirstOf(pairs[i * step]),
                              .b = SecondOf(pairs[i * step]),
                              .pattern = static_cast<uint32_t>(place - input.candidates.begin())});
    }
  }
  input.random = input.candidates;
  if (!candidates.complete) {
    DQ_ASSIGN_OR_RETURN(std::vector<Pattern> random, Compare(RandomPairs(scope), 1));
    input.random = CountPatterns(std::move(random), 1);
  }
  DQ_RETURN_IF_ERROR(LearnGroups(scope, input));
  DQ_ASSIGN_OR_RETURN(model_, MatchModel::Learn(comparison_->fields(), input, context_.stop));
  return absl::OkStatus();
}

// Adds what groups the records form, and how many matches there may be.
absl::Status FuzzyMatcher::LearnGroups(const PairScope& scope, ModelInput& input) {
  DQ_ASSIGN_OR_RETURN(groups_,
                      FindRecordGroups(
                          *comparison_, records_, scope, input.random,
                          [this](const std::vector<PairKey>& pairs) { return Compare(pairs, 1); },
                          context_.memory));
  for (RecordGroups& groups : groups_) {
    const double copies = CopiesMost(*comparison_, groups, input.candidates);
    input.matches_max = std::min(input.matches_max, kMatchesOfCopiesMax * copies);
    input.groups.push_back(groups.pairs);
    groups.pairs.patterns.clear();
  }
  return absl::OkStatus();
}

double FuzzyMatcher::Confidence(RecordId a, RecordId b) const {
  return 1 / (1 + std::exp2(-scorer_->LogOdds(a, b)));
}

std::string FuzzyMatcher::Explain(RecordId a, RecordId b,
                                  const std::vector<std::string>& columns) const {
  const Agreement agreement = comparison_->Compare(a, b);
  std::vector<std::pair<double, size_t>> weights;
  for (size_t i = 0; i < comparison_->fields().size(); ++i) {
    if (LevelOf(agreement.pattern, i) == kLevelUnknown) continue;
    weights.push_back({scorer_->FieldWeight(i, agreement, a, b), i});
  }
  std::stable_sort(weights.begin(), weights.end(), [](const auto& x, const auto& y) {
    return std::abs(x.first) > std::abs(y.first);
  });
  std::string text;
  for (const auto& [weight, field] : weights) {
    std::array<char, 32> number;
    std::snprintf(number.data(), number.size(), " %+.1f", weight);
    text += text.empty() ? "" : "; ";
    for (const size_t column : comparison_->fields()[field].columns) {
      text += (column == comparison_->fields()[field].columns.front() ? "" : "+") + columns[column];
    }
    text += number.data();
  }
  return text;
}

std::optional<ReportMatching> FuzzyMatcher::Describe(
    const std::vector<std::string>& columns) const {
  if (scorer_ == nullptr) return std::nullopt;
  ReportMatching matching = DescribeMatching(*comparison_, model_, columns);
  matching.threshold = threshold_;
  return matching;
}

std::vector<std::string> FuzzyMatcher::Limits(const std::vector<std::string>& columns) const {
  std::vector<std::string> limits;
  if (comparison_ == nullptr) return limits;
  std::vector<std::string> left_out;
  for (const auto& [column, reason] : comparison_->ColumnsLeftOut()) {
    left_out.push_back(QuotedName(columns[column]));
  }
  if (!left_out.empty()) {
    limits.push_back(
        "Fuzzy matching left out columns that number the rows, hold one value or tell the least: " +
        ListForNote(left_out, kNamesMax) + ".");
  }
  for (const RecordGroups& groups : groups_) {
    std::vector<std::string> telling;
    for (const TellingField& field : groups.pairs.telling) {
      for (const size_t column : comparison_->fields()[field.field].columns) {
        telling.push_back(QuotedName(columns[column]));
      }
    }
    limits.push_back("Fuzzy matching took records that share " +
                     QuotedName(columns[comparison_->fields()[groups.field].columns.front()]) +
                     " for a group, whose members differ in " + ListForNote(telling, kNamesMax) +
                     ".");
  }
  const auto compared = static_cast<double>(attempt_.pairs_compared);
  if (compared < attempt_.pairs_possible) {
    std::array<char, 32> possible;
    std::snprintf(possible.data(), possible.size(), "%.0f", attempt_.pairs_possible);
    limits.push_back("Fuzzy matching compared " + std::to_string(attempt_.pairs_compared) + " of " +
                     possible.data() +
                     " pairs of records: those that have something rare in common.");
  }
  if (attempt_.learned_step > 1) {
    limits.push_back("Fuzzy matching learned from one in " + std::to_string(attempt_.learned_step) +
                     " of the pairs that it compared.");
  }
  return limits;
}

}  // namespace dq
