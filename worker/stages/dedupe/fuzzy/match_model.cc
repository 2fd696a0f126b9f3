#include "worker/stages/dedupe/fuzzy/match_model.h"

#include <algorithm>
#include <cmath>

#include "common/base/status_macros.h"
#include "worker/chain/stage.h"

namespace dq {
namespace {

constexpr int kRounds = 40;
constexpr double kPriorPairs = 10;  // The weight of what is plausible, in pairs.
constexpr double kSmoothing = 0.5;  // Pairs added to every level of the random ones.
constexpr double kMatchesMin = 1;
constexpr double kBitsMax = 100;  // Nothing says more.
constexpr size_t kRelatedFieldsMin = 4;
// Pairs with smaller odds claim nothing of their records; rounds until all claims are in balance.
constexpr double kClaimMin = 1e-5;
constexpr int kClaimRounds = 16;

// How often a field of a match has each level, before anything is known.
std::array<double, kLevelsMax> PlausibleLevels(FieldKind kind) {
  switch (kind) {
    case FieldKind::kText:
      return {0.35, 0.12, 0.1,  0.08, 0.06, 0.05, 0.03, 0.03,
              0.03, 0.03, 0.03, 0.03, 0.02, 0.02, 0.02};
    case FieldKind::kAddress:
      return {0.6, 0.15, 0.08, 0.03, 0.04, 0.03, 0.07};
    case FieldKind::kPhrase:
      return {0.6, 0.1, 0.08, 0.06, 0.05, 0.04, 0.07};
    case FieldKind::kStanding:
      return {0.5, 0.22, 0.15, 0.08, 0.05};
    case FieldKind::kNumber:
      return {0.6, 0.1, 0.08, 0.08, 0.06, 0.08};
    case FieldKind::kCode:
    case FieldKind::kPhone:
      return {0.8, 0.09, 0.03, 0.08};
    case FieldKind::kIgnored:
    case FieldKind::kName:
    case FieldKind::kDate:
    case FieldKind::kEmail:
      break;
  }
  return {0.75, 0.1, 0.04, 0.04, 0.07};
}

}  // namespace

PatternCounts CountPatterns(std::vector<Pattern> patterns, double times_each) {
  std::sort(patterns.begin(), patterns.end());
  PatternCounts counts;
  for (const Pattern pattern : patterns) {
    if (counts.empty() || counts.back().first != pattern) counts.push_back({pattern, 0});
    counts.back().second += times_each;
  }
  return counts;
}

absl::StatusOr<MatchModel> MatchModel::Learn(const std::vector<ComparedField>& fields,
                                             const ModelInput& input,
                                             const std::function<bool()>& stop) {
  MatchModel model;
  model.Start(fields, input);
  for (int round = 0; round < kRounds; ++round) {
    DQ_RETURN_IF_ERROR(CheckStop(stop));
    model.EstimateU(input, model.MatchingShares(input));
    model.EstimateGroups(input);
    model.Weigh();
    model.EstimateM(input, model.MatchingShares(input));
    model.Weigh();
  }
  return model;
}

void MatchModel::Start(const std::vector<ComparedField>& fields, const ModelInput& input) {
  fields_ = fields;
  m_.resize(fields.size());
  u_.resize(fields.size());
  r_.resize(fields.size());
  weights_.resize(fields.size());
  related_weights_.resize(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto plausible = PlausibleLevels(fields[i].kind);
    std::copy(plausible.begin(), plausible.end(), m_[i].begin());
  }
  matches_ = std::max(kMatchesMin, std::min(input.matches_guess, input.matches_max));
  prior_ = PriorOf(matches_, input);
  EstimateU(input, {});
  for (size_t i = 0; i < fields.size(); ++i) r_[i] = MiddleOf(m_[i], u_[i], fields[i].levels);
  middle_ = r_;
  // Few fields cannot tell three classes apart.
  if (fields.size() >= kRelatedFieldsMin) {
    related_share_ = std::min(0.1, 30 * matches_ / input.pairs_total);
  }
}

double MatchModel::PriorOf(double matches, const ModelInput& input) {
  if (input.rivals.empty()) {
    return std::log2(matches / std::max(1.0, input.pairs_total - matches));
  }
  // Of two records, both without a partner so far: the odds at which the number of matchings of so
  // many pairs, times their odds, is greatest.
  const double first = std::max(input.first_source - matches, 0.02 * input.first_source);
  const double second = std::max(input.second_source - matches, 0.02 * input.second_source);
  return std::log2(matches / (first * second));
}

// Related records agree more often than random ones and less often than matches.
MatchModel::Levels MatchModel::MiddleOf(const Levels& m, const Levels& u, size_t levels) {
  Levels middle{};
  double sum = 0;
  for (size_t level = 0; level < levels; ++level) {
    middle[level] = std::sqrt(m[level] * u[level]);
    sum += middle[level];
  }
  for (double& level : middle) level /= sum;
  return middle;
}

double MatchModel::Sum(const std::vector<Levels>& weights, Pattern pattern) {
  double bits = 0;
  for (size_t i = 0; i < weights.size(); ++i) bits += weights[i][LevelOf(pattern, i)];
  return bits;
}

double MatchModel::Evidence(Pattern pattern, const Refinement& finer) const {
  if (ToldApart(pattern)) return -kBitsMax;
  return Sum(weights_, pattern) + finer.match -
         std::log2(1 - related_share_ + Related(pattern, finer) + Grouped(pattern, finer));
}

// Whether two records are different members of a group, whichever one it is.
bool MatchModel::ToldApart(Pattern pattern) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
    double near = 0;
    double far = 0;
    for (const auto& [field, weight] : group.telling) {
      const uint32_t level = LevelOf(pattern, field);
      if (level == kLevelUnknown) continue;
      (IsFar(fields_[field].kind, level) ? far : near) += weight;
    }
    return near <= far;
  });
}

// How likely a pair is of related records, relative to one drawn at random.
double MatchModel::Related(Pattern pattern, const Refinement& finer) const {
  return related_share_ * std::exp2(Sum(related_weights_, pattern) + finer.related);
}

// The same of records of one group.
double MatchModel::Grouped(Pattern pattern, const Refinement& finer) const {
  double grouped = 0;
  for (size_t i = 0; i < groups_.size(); ++i) {
    grouped += groups_[i].share * std::exp2(Sum(groups_[i].weights, pattern) + finer.grouped[i]);
  }
  return grouped;
}

// Weights run straight from the middle of a level to that of the next.
Refinement MatchModel::Refine(size_t field, uint32_t level, double place) const {
  const uint32_t next = place < level ? level - 1 : level + 1;
  // Equality is no neighbour: nothing is nearly equal.
  if (next == 0 || next >= fields_[field].levels) return {};
  const double part = std::abs(place - level);
  const auto between = [&](const Levels& weights) {
    return part * (weights[next] - weights[level]);
  };
  Refinement refined{.match = between(weights_[field]),
                     .related = between(related_weights_[field])};
  for (size_t i = 0; i < groups_.size(); ++i) {
    refined.grouped[i] = between(groups_[i].weights[field]);
  }
  return refined;
}

Refinement MatchModel::Rarer(size_t field, double bits) const {
  Refinement refined{.match = bits, .related = bits};
  for (size_t i = 0; i < groups_.size(); ++i) {
    refined.grouped[i] = groups_[i].field == field ? 0 : bits;
  }
  return refined;
}

double MatchModel::Odds(Pattern pattern) const {
  return std::exp2(std::min(kBitsMax, prior_ + Evidence(pattern)));
}

// The share of the pairs of each candidate pattern that match.
std::vector<double> MatchModel::MatchingShares(const ModelInput& input) const {
  std::vector<double> shares;
  for (const auto& [pattern, count] : input.candidates) shares.push_back(Odds(pattern));
  if (input.rivals.empty()) {
    for (double& share : shares) share /= 1 + share;
    return shares;
  }
  std::vector<RivalPair> likely;  // The others claim next to nothing.
  RecordId last = 0;
  for (const RivalPair& pair : input.rivals) {
    if (shares[pair.pattern] < kClaimMin) continue;
    likely.push_back(pair);
    last = std::max({last, pair.a, pair.b});
  }
  // Belief propagation for matchings: how free a record is for one partner as the others leave it.
  struct Freedom {
    double a = 1;
    double b = 1;
  };
  std::vector<Freedom> free(likely.size());
  std::vector<double> claims(last + size_t{1});
  for (int round = 0; round < kClaimRounds; ++round) {
    std::fill(claims.begin(), claims.end(), 1);
    for (size_t i = 0; i < likely.size(); ++i) {
      claims[likely[i].a] += shares[likely[i].pattern] * free[i].b;
      claims[likely[i].b] += shares[likely[i].pattern] * free[i].a;
    }
    for (size_t i = 0; i < likely.size(); ++i) {
      const double odds = shares[likely[i].pattern];
      const Freedom next = {1 / std::max(1.0, claims[likely[i].a] - odds * free[i].b),
                            1 / std::max(1.0, claims[likely[i].b] - odds * free[i].a)};
      free[i] = {(free[i].a + next.a) / 2, (free[i].b + next.b) / 2};
    }
  }
  std::vector<double> matching(shares.size(), 0);
  for (size_t i = 0; i < likely.size(); ++i) {
    const double odds = shares[likely[i].pattern] * free[i].a * free[i].b;
    matching[likely[i].pattern] += odds / (1 + odds);
  }
  for (size_t i = 0; i < shares.size(); ++i) {
    shares[i] = input.rival_step * matching[i] / input.candidates[i].second;
  }
  return shares;
}

// How likely a pair that does not match is of related records.
double MatchModel::PosteriorRelated(Pattern pattern) const {
  const double related = Related(pattern, {});
  return related / (related + 1 - related_share_ + Grouped(pattern, {}));
}

void MatchModel::EstimateU(const ModelInput& input, const std::vector<double>& shares) {
  for (size_t i = 0; i < fields_.size(); ++i) {
    u_[i].fill(0);
    std::fill_n(u_[i].begin(), fields_[i].levels, kSmoothing);
  }
  size_t at = 0;
  for (const auto& [pattern, count] : input.random) {
    while (at < input.candidates.size() && input.candidates[at].first < pattern) ++at;
    const bool known = at < shares.size() && input.candidates[at].first == pattern;
    const double others =
        shares.empty() ? count
                       : count * (1 - (known ? shares[at] : 0)) * (1 - PosteriorRelated(pattern));
    for (size_t i = 0; i < fields_.size(); ++i) u_[i][LevelOf(pattern, i)] += others;
  }
  for (Levels& levels : u_) Normalise(levels);
}

// What records of one group share, the matches among them left out. Needs u.
void MatchModel::EstimateGroups(const ModelInput& input) {
  std::vector<Group> groups;
  for (const GroupedPairs& pairs : input.groups) {
    Group group{.field = pairs.field,
                .weights = std::vector<Levels>(fields_.size()),
                .telling = pairs.telling};
    for (size_t i = 0; i < fields_.size(); ++i) {
      std::fill_n(group.weights[i].begin(), fields_[i].levels, kSmoothing);
    }
    double all = 0;
    double others = 0;
    for (const auto& [pattern, count] : pairs.patterns) {
      const double other = count / (1 + Odds(pattern));
      all += count;
      others += other;
      for (size_t i = 0; i < fields_.size(); ++i) group.weights[i][LevelOf(pattern, i)] += other;
    }
    group.share = std::min(0.5, pairs.pairs * others / all / input.pairs_total);
    for (size_t i = 0; i < fields_.size(); ++i) {
      Normalise(group.weights[i]);
      for (size_t level = 0; level < fields_[i].levels; ++level) {
        group.weights[i][level] = std::log2(group.weights[i][level] / u_[i][level]);
      }
    }
    groups.push_back(std::move(group));
  }
  groups_ = std::move(groups);
}

void MatchModel::Normalise(Levels& levels) {
  levels[kLevelUnknown] = 0;
  double sum = 0;
  for (const double level : levels) sum += level;
  for (double& level : levels) level /= sum;
}

void MatchModel::EstimateM(const ModelInput& input, const std::vector<double>& shares) {
  std::vector<Levels> matching(fields_.size());
  std::vector<Levels> related(fields_.size());
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto plausible = PlausibleLevels(fields_[i].kind);
    for (size_t level = 0; level < kLevelsMax; ++level) {
      matching[i][level] = kPriorPairs * plausible[level];
      related[i][level] = kPriorPairs * middle_[i][level];
    }
  }
  double matches = 0;
  double relations = 0;
  for (size_t k = 0; k < shares.size(); ++k) {
    const auto& [pattern, count] = input.candidates[k];
    const double match = count * shares[k];
    const double relation = (count - match) * PosteriorRelated(pattern);
    matches += match;
    relations += relation;
    for (size_t i = 0; i < fields_.size(); ++i) {
      matching[i][LevelOf(pattern, i)] += match;
      related[i][LevelOf(pattern, i)] += relation;
    }
  }
  for (Levels& levels : matching) Normalise(levels);
  for (Levels& levels : related) Normalise(levels);
  m_ = std::move(matching);
  r_ = std::move(related);
  matches_ = std::clamp(matches, kMatchesMin,
                        std::max(kMatchesMin, std::min(input.matches_max, input.pairs_total / 2)));
  prior_ = PriorOf(matches_, input);
  related_share_ = std::clamp(relations / input.pairs_total, 0.0, 0.5);
}

// Levels whose ratio would rise are taken together (pool adjacent violators).
void MatchModel::Weigh() {
  for (size_t i = 0; i < fields_.size(); ++i) {
    struct Pool {
      double m, u;
      size_t end;
    };
    std::vector<Pool> pools;
    related_weights_[i].fill(0);
    for (size_t level = 0; level < fields_[i].levels; ++level) {
      related_weights_[i][level] = std::log2(r_[i][level] / u_[i][level]);
      pools.push_back({m_[i][level], u_[i][level], level + 1});
      while (pools.size() > 1) {
        const Pool last = pools.back();
        Pool& before = pools[pools.size() - 2];
        if (before.m * last.u >= last.m * before.u) break;
        before = {before.m + last.m, before.u + last.u, last.end};
        pools.pop_back();
      }
    }
    weights_[i].fill(0);
    size_t level = 0;
    for (const Pool& pool : pools) {
      for (; level < pool.end; ++level) weights_[i][level] = std::log2(pool.m / pool.u);
    }
  }
}

}  // namespace dq
