// Texts that wait in a temporary file come back as they were added.
#include "worker/table/bytes/partitioned_bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <random>

#include "common/base/unique_fd.h"

namespace dq {
namespace {

TEST(PartitionedBytes, GivesTheTextsOfEachPartitionBackInTheirOrder) {
  const UniqueFd dir(::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  constexpr size_t kPartitions = 5;  // The last one stays empty.
  const auto spill = PartitionedBytes::Create(dir.get(), kPartitions);
  ASSERT_TRUE(spill.ok()) << spill.status();
  std::mt19937 random(1);
  std::vector<std::vector<std::string>> added(kPartitions);
  for (size_t i = 0; i < 3000; ++i) {
    // Empty ones, blocks to the byte, some beyond many blocks.
    const size_t size = i % 500 == 7 ? 3 * PartitionedBytes::kBlockBytes + i
                        : i % 9 == 0 ? 0
                                     : random() % 300;
    const size_t partition = random() % (kPartitions - 1);
    added[partition].push_back(std::string(size, static_cast<char>('a' + i % 26)));
    ASSERT_TRUE((*spill)->Add(partition, added[partition].back()).ok());
  }
  EXPECT_GT((*spill)->spilled_bytes(), 0);
  for (size_t partition = 0; partition < kPartitions; ++partition) {
    PartitionedBytes::Cursor cursor(**spill, partition);
    for (const std::string& expected : added[partition]) {
      const auto text = cursor.Next();
      ASSERT_TRUE(text.ok() && text->has_value());
      ASSERT_EQ(**text, expected);
    }
    const auto end = cursor.Next();
    ASSERT_TRUE(end.ok());
    EXPECT_FALSE(end->has_value());
  }
}

}  // namespace
}  // namespace dq
