#include "common/base/random_id.h"

#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(TimeOrderedId, SortsByTimeAndFitsTheIdPattern) {
  const absl::Time early = absl::FromUnixMillis(1'700'000'000'000);
  const std::string first = TimeOrderedId("j-", early);
  const std::string second = TimeOrderedId("j-", early + absl::Milliseconds(1));
  EXPECT_LT(first, second);
  EXPECT_TRUE(std::regex_match(first, std::regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"))) << first;
}

TEST(TimeOrderedId, DiffersWithinAMillisecond) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(TimeOrderedId("j-", absl::UnixEpoch()));
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(RandomHex, HasTwoDigitsAByte) {
  EXPECT_TRUE(std::regex_match(RandomHex(16), std::regex("^[0-9a-f]{32}$")));
}

}  // namespace
}  // namespace dq
