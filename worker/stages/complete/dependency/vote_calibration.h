// How far votes can be trusted: every vote of a dependency is held out once and predicted by the
// others of its group; the share of hits among predictions of the same kind is the confidence of a
// fill. Values only.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "worker/stages/complete/dependency/test_outcomes.h"
#include "worker/stages/complete/dependency/vote_group.h"

namespace dq {

class VoteCalibration {
 public:
  // What is known about the target apart from the votes.
  struct Target {
    std::span<const int64_t> counts;  // How often every value occurs in all groups, by code.
    uint32_t usual = 0;               // The most frequent value.
    bool typos = false;               // Whether a value that occurs once may be a typo.
  };

  // The most votes of a group in which some can agree on a value that occurs so many times: a
  // larger one adds nothing.
  static int64_t VotesMax(int64_t times);
  // Holds out every vote of a group, ordered.
  void Add(const VoteGroup& group, const Target& target);

  // Whether the determinant says more about the target than the target's most frequent value
  // (`most_frequent` of `rows` cells) does, beyond chance: at most half of its errors.
  bool IsDependency(int64_t most_frequent, int64_t rows) const;
  // Whether it at least knows, beyond chance, where the target is not the most frequent value: what
  // both get wrong does not count.
  bool IsPredictor() const;
  // By how many tests it is better than the most frequent value.
  int64_t gain() const { return better_ - worse_; }

  // How sure it is that the first value of an ordered group is that of another row of the group, 0
  // to 1; 0 when the first two tie.
  double Confidence(const VoteGroup& group) const;

  // Share of the held-out votes that were predicted, 0 to 1; cautious while they are few.
  double accuracy() const { return all_.Share(); }

 private:
  // Votes of one value that were held out, each predicted by `first` of `total` others.
  struct Test {
    uint32_t held_out;
    uint32_t predicted;
    uint32_t times;
    uint32_t first;
    uint32_t total;
  };
  static constexpr size_t kSizes = 4;   // 1, 2 to 3, 4 to 7, 8 and more votes.
  static constexpr size_t kShares = 3;  // All agree, at least 80 %, at least 60 %.

  void Count(const Test& test, const Target& target);

  TestOutcomes all_;
  std::array<TestOutcomes, kSizes * kShares> kinds_;
  int64_t better_ = 0;  // Hits that are not the most frequent value.
  int64_t worse_ = 0;   // Misses that are.
};

}  // namespace dq
