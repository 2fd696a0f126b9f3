// How predictions did whose answers are known: what votes and rules are judged by. Values only.
#pragma once

#include <cstdint>

namespace dq {

struct TestOutcomes {
  int64_t tested = 0;
  int64_t hits = 0;
  int64_t typos = 0;  // Misses by a value that occurs nowhere else.

  // Tests that say something about the predictions: a miss by a typo does not, while typos are few.
  double Judged() const {
    constexpr double kTyposMax = 0.25;  // Of the tests.
    const bool rare = static_cast<double>(typos) <= kTyposMax * static_cast<double>(tested);
    return static_cast<double>(tested - (rare ? typos : 0));
  }
  // Share of the tests that hit, 0 to 1; cautious while they are few.
  double Share() const { return (static_cast<double>(hits) + 1) / (Judged() + 2); }
  // How sure a prediction is that was `before` as sure: the tests count by themselves after some.
  double Sure(double before) const {
    constexpr double kPriorTests = 4;  // What was said before counts like so many.
    return (static_cast<double>(hits) + kPriorTests * before) / (Judged() + kPriorTests);
  }
};

}  // namespace dq
