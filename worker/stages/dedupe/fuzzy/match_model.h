// How likely two records are the same, by the model of Fellegi and Sunter (1969): every level of
// every field is seen with probability m among matches and u among others. Learned without labels
// by expectation maximisation. Pure; read by many threads once learned.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {

// Different patterns with the number of pairs that have them, in ascending order of patterns.
using PatternCounts = std::vector<std::pair<Pattern, double>>;

// Sorts and adds up.
PatternCounts CountPatterns(std::vector<Pattern> patterns, double times_each);

// A candidate pair whose records have no other partner if they match.
struct RivalPair {
  RecordId a = 0;
  RecordId b = 0;
  uint32_t pattern = 0;  // Its place in `candidates`.
};

// Columns by which records form groups are at most so many.
inline constexpr size_t kGroupedFieldsMax = 4;

// A field that tells the members of a group apart, and how much it tells: the bits that it takes
// two members to share its value. Not the odds themselves: where records have copies, times that
// no record shares would outweigh all that copies have in common.
struct TellingField {
  size_t field = 0;
  double weight = 0;
};

// Pairs of records of one group: they share a field's value, and what goes along with it.
struct GroupedPairs {
  size_t field = 0;
  double pairs = 0;        // How many there are, in groups of the usual size.
  PatternCounts patterns;  // Of some of them.
  std::vector<TellingField> telling;
};

// What the model learns from.
struct ModelInput {
  PatternCounts candidates;  // Of all pairs that blocking found.
  PatternCounts random;      // Of pairs drawn at random, nearly all of them no matches.
  double pairs_total = 0;    // All pairs of records there are.
  double matches_guess = 1;  // How many of them match, to begin with.
  double matches_max = std::numeric_limits<double>::infinity();
  // At most kGroupedFieldsMax.
  std::vector<GroupedPairs> groups = {};
  // Set when every record matches one other at most: then what speaks for one pair speaks against
  // all others of its records.
  std::vector<RivalPair> rivals = {};
  double rival_step = 1;  // Of so many candidates one is among the rivals.
  // Records of the two sources, with rivals.
  double first_source = 0;
  double second_source = 0;
};

// Bits to add to the weights of a pattern: to what speaks for a match, for related records, and for
// records of one group by each of the grouped fields.
struct Refinement {
  double match = 0;
  double related = 0;
  std::array<double, kGroupedFieldsMax> grouped = {};

  Refinement& operator+=(const Refinement& other) {
    match += other.match;
    related += other.related;
    for (size_t i = 0; i < grouped.size(); ++i) grouped[i] += other.grouped[i];
    return *this;
  }
};

class MatchModel {
 public:
  // Learns: u from the random pairs, cleared of the matches among them; m and the number of matches
  // from the candidates, all other pairs being no matches. m is held by a weak prior (what people
  // find plausible) and m/u never rises from a level to a less alike one, so that few or odd
  // matches give no absurd model.
  // CANCELLED when `stop` says so.
  static absl::StatusOr<MatchModel> Learn(const std::vector<ComparedField>& fields,
                                          const ModelInput& input,
                                          const std::function<bool()>& stop);

  // log2(m/u) of a level; 0 for kLevelUnknown.
  double weight(size_t field, uint32_t level) const { return weights_[field][level]; }
  double m(size_t field, uint32_t level) const { return m_[field][level]; }
  double u(size_t field, uint32_t level) const { return u_[field][level]; }
  // What the pattern says for (above 0) or against a match, in bits: the sum of the weights, less
  // what two related records or two of a group would show too; as much against it as can be when
  // they agree on nothing that tells members of a group apart, or are far apart on most of it.
  double Evidence(Pattern pattern) const { return Evidence(pattern, Refinement{}); }
  // The same when the values say more than the levels.
  double Evidence(Pattern pattern, const Refinement& finer) const;
  // What a place between levels adds to the weight of `level`.
  Refinement Refine(size_t field, uint32_t level, double place) const;
  // What it adds that a value is rarer by so many bits than its level says: it is so among related
  // records too, but records of a group share its value in any case.
  Refinement Rarer(size_t field, double bits) const;
  // log2 of the odds that two records drawn at random match.
  double prior() const { return prior_; }

 private:
  using Levels = std::array<double, kLevelsMax + 1>;

  static double PriorOf(double matches, const ModelInput& input);
  void Start(const std::vector<ComparedField>& fields, const ModelInput& input);
  static Levels MiddleOf(const Levels& m, const Levels& u, size_t levels);
  static void Normalise(Levels& levels);
  static double Sum(const std::vector<Levels>& weights, Pattern pattern);
  double Odds(Pattern pattern) const;
  double Related(Pattern pattern, const Refinement& finer) const;
  double Grouped(Pattern pattern, const Refinement& finer) const;
  bool ToldApart(Pattern pattern) const;
  std::vector<double> MatchingShares(const ModelInput& input) const;
  double PosteriorRelated(Pattern pattern) const;
  void EstimateU(const ModelInput& input, const std::vector<double>& shares);
  void EstimateM(const ModelInput& input, const std::vector<double>& shares);
  void EstimateGroups(const ModelInput& input);
  void Weigh();

  std::vector<ComparedField> fields_;
  std::vector<Levels> m_;
  std::vector<Levels> u_;
  std::vector<Levels> middle_;           // Where r starts.
  std::vector<Levels> r_;                // Among related records that do not match.
  std::vector<Levels> weights_;          // log2(m/u)
  std::vector<Levels> related_weights_;  // log2(r/u)
  double related_share_ = 0;             // Of the pairs that do not match.
  // The pairs of records of one group that do not match, by one of the grouped fields.
  struct Group {
    size_t field = 0;
    double share = 0;             // Of the pairs that do not match.
    std::vector<Levels> weights;  // log2 of what it is to u
    std::vector<TellingField> telling;
  };
  std::vector<Group> groups_;
  double prior_ = 0;
  double matches_ = 0;
};

}  // namespace dq
