#include "common/base/random_id.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(TimeOrderedId, SortsByTimeAndFitsTheIdPattern) {
  const absl::Time early = absl::FromUnixMillis(1'700'000'000'000);
  const std::string first = TimeOrderedId("j-", early);
  const std::string second = TimeOrderedId("j-", early + absl::Milliseconds(1));
  EXPECT_LT(first, second);
  EXPECT_THAT(first, testing::MatchesRegex("[a-z][a-z0-9-]*[a-z0-9]"));
  EXPECT_LE(first.size(), 63U);
}

TEST(TimeOrderedId, DiffersWithinAMillisecond) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(TimeOrderedId("j-", absl::UnixEpoch()));
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(RandomHex, HasTwoDigitsAByte) {
  EXPECT_THAT(RandomHex(16), testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(RandomHex(16).size(), 32U);
}

}  // namespace
}  // namespace dq
