// Who holds bytes of the memory limit gives them back, once.
#include "worker/chain/taken_bytes.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "common/base/error.h"

namespace dq {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class TakenBytesTest : public testing::Test {
 protected:
  int64_t Held() const { return 10 * kMiB - memory_.available_bytes(); }

  MemoryBudget memory_{kMemoryReservedBytes + 10 * kMiB};
};

TEST_F(TakenBytesTest, WhatIsHeldIsGivenBackWithTheHolder) {
  {
    TakenBytes taken(memory_, "a table");
    ASSERT_TRUE(taken.Take(3 * kMiB).ok());
    taken.Release(kMiB);
    EXPECT_EQ(Held(), 2 * kMiB);
  }
  EXPECT_EQ(Held(), 0);
}

TEST_F(TakenBytesTest, AMovedHolderGivesNothingBackTwice) {
  std::optional<TakenBytes> first(std::in_place, memory_, "a table");
  ASSERT_TRUE(first->Take(kMiB).ok());
  std::optional<TakenBytes> second(std::move(*first));
  first.reset();
  EXPECT_EQ(Held(), kMiB);
  TakenBytes third(memory_, "another");
  ASSERT_TRUE(third.Take(4 * kMiB).ok());
  third = std::move(*second);
  second.reset();
  EXPECT_EQ(Held(), kMiB);
  EXPECT_EQ(third.bytes(), size_t{kMiB});
}

TEST_F(TakenBytesTest, WhatPassesTheLimitTakesNothingAndNamesItself) {
  TakenBytes taken(memory_, "a table");
  const absl::Status refused = taken.Take(11 * kMiB);
  EXPECT_EQ(ReasonOf(refused), "OUT_OF_MEMORY");
  EXPECT_TRUE(MessageOf(refused).starts_with("a table needs 11 MiB more")) << refused;
  EXPECT_EQ(ReasonOf(taken.Refuse(1)), "OUT_OF_MEMORY");
  EXPECT_EQ(taken.bytes(), size_t{0});
  EXPECT_EQ(Held(), 0);
}

TEST_F(TakenBytesTest, ResizingHoldsExactlySoMuch) {
  TakenBytes taken(memory_, "a table");
  for (const size_t bytes : {size_t{5}, size_t{2}, size_t{9}, size_t{0}}) {
    ASSERT_TRUE(taken.Resize(bytes * kMiB).ok());
    EXPECT_EQ(Held(), static_cast<int64_t>(bytes) * kMiB);
  }
}

}  // namespace
}  // namespace dq
