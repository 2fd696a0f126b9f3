// The table behind dedupe.
#include "worker/stages/dedupe/first_row_set.h"

#include <gtest/gtest.h>

#include "common/base/error.h"

namespace dq {
namespace {

RecordHash HashOf(uint64_t i) { return {i * 0x9E3779B97F4A7C15, (i + 1) * 0xD1B54A32D192ED03, i}; }

TEST(FirstRowSet, FindsEveryRowAgainAfterItHasGrown) {
  MemoryBudget memory(int64_t{64} << 20);
  FirstRowSet set(memory);
  constexpr int64_t kRows = 100'000;
  for (int64_t row = 1; row <= kRows; ++row) {
    ASSERT_EQ(set.Add(HashOf(static_cast<uint64_t>(row)), row)->row, 0);
  }
  for (int64_t row = 1; row <= kRows; ++row) {
    const auto earlier = set.Add(HashOf(static_cast<uint64_t>(row)), kRows + row);
    ASSERT_EQ(earlier->row, row);
    ASSERT_TRUE(earlier->same_spelling);
    ASSERT_TRUE(earlier->first_repeat);
  }
  EXPECT_FALSE(set.Add(HashOf(1), 1)->first_repeat);
}

TEST(FirstRowSet, FailsWithTheLimitBeforeItPassesIt) {
  MemoryBudget memory(int64_t{16} << 20);
  FirstRowSet set(memory);
  absl::Status status;
  for (int64_t row = 1; status.ok() && row < 10'000'000; ++row) {
    status = set.Add(HashOf(static_cast<uint64_t>(row)), row).status();
  }
  EXPECT_EQ(ReasonOf(status), "OUT_OF_MEMORY");
  EXPECT_NE(MessageOf(status).find("16 MiB"), std::string::npos);
  EXPECT_EQ(MetadataOf(status)["category"], "processing");
}

TEST(FirstRowSet, GivesItsMemoryBack) {
  MemoryBudget memory(int64_t{64} << 20);
  const int64_t before = memory.available_bytes();
  {
    FirstRowSet set(memory);
    for (int64_t row = 1; row <= 50'000; ++row)
      (void)set.Add(HashOf(static_cast<uint64_t>(row)), row);
    EXPECT_LT(memory.available_bytes(), before);
  }
  EXPECT_EQ(memory.available_bytes(), before);
}

}  // namespace
}  // namespace dq
