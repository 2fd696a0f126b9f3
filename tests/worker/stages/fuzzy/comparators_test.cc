// The comparators against values published with them.
#include "worker/stages/dedupe/fuzzy/comparators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/worker/stages/fuzzy/naive_levels.h"

namespace dq {
namespace {

// Winkler, "String Comparator Metrics and Enhanced Decision Rules" (1990), and the examples that
// every text on the measure repeats.
TEST(JaroWinkler, GivesThePublishedValues) {
  EXPECT_NEAR(JaroWinkler("martha", "marhta"), 0.9611, 1e-4);
  EXPECT_NEAR(JaroWinkler("dwayne", "duane"), 0.84, 1e-4);
  EXPECT_NEAR(JaroWinkler("dixon", "dicksonx"), 0.8133, 1e-4);
  EXPECT_NEAR(JaroWinkler("jones", "johnson"), 0.8323, 1e-4);
  EXPECT_NEAR(JaroWinkler("billy", "susan"), 0.0, 1e-9);
}

TEST(JaroWinkler, IsOneForEqualTextsAndZeroBesideAnEmptyOne) {
  EXPECT_EQ(JaroWinkler("", ""), 1);
  EXPECT_EQ(JaroWinkler("anna", "anna"), 1);
  EXPECT_EQ(JaroWinkler("", "anna"), 0);
}

TEST(JaroWinkler, ComparesLettersNotBytes) {
  // One of four letters differs, whatever the bytes.
  EXPECT_NEAR(JaroWinkler("иван", "инан"), JaroWinkler("ivan", "inan"), 1e-9);
}

TEST(JaroWinkler, IsSymmetric) {
  for (const auto& [a, b] : {std::pair{"dwayne", "duane"}, std::pair{"ab", "ba"},
                             std::pair{"abcvwxyz", "cabvwxyz"}, std::pair{"a", "abcd"}}) {
    EXPECT_NEAR(JaroWinkler(a, b), JaroWinkler(b, a), 1e-12) << a << " " << b;
  }
}

TEST(EditDistance, GivesThePublishedValues) {
  EXPECT_EQ(EditDistance("kitten", "sitting", 5), 3);
  EXPECT_EQ(EditDistance("saturday", "sunday", 5), 3);
  EXPECT_EQ(EditDistance("ca", "ac", 5), 1);
  // Restricted: no part is edited twice, so this is 3 and not 2.
  EXPECT_EQ(EditDistance("ca", "abc", 5), 3);
}

TEST(EditDistance, StopsBehindTheMostThatMatters) {
  EXPECT_EQ(EditDistance("kitten", "sitting", 2), 3);
  EXPECT_EQ(EditDistance("a", "abcdefgh", 2), 3);
  EXPECT_EQ(EditDistance("", "ab", 2), 2);
  EXPECT_EQ(EditDistance("", "", 0), 0);
}

TEST(EditDistance, EqualsThePlainTableOnRandomTexts) {
  uint32_t state = 7;
  const auto draw = [&state](uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
  };
  for (int round = 0; round < 20000; ++round) {
    std::string a, b;
    for (uint32_t i = draw(9); i > 0; --i) a += static_cast<char>('a' + draw(3));
    for (uint32_t i = draw(9); i > 0; --i) b += static_cast<char>('a' + draw(3));
    const int most = static_cast<int>(draw(4));
    ASSERT_EQ(EditDistance(a, b, most), std::min(most + 1, naive::Edits(a, b))) << a << " " << b;
  }
}

}  // namespace
}  // namespace dq
