// The sample of a file while it is filled: what it keeps, and that this counts.
#include "worker/stages/complete/dependency/sample_filling.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "tests/support/memory_file.h"

namespace dq {
namespace {

constexpr size_t kRows = 3000;

std::string KeyOf(size_t row) { return "k" + std::to_string(row); }
std::string ValueOf(size_t row) { return std::to_string(row) + std::string(row % 1500, 'v'); }

// A file of keys whose other column is missing, and a reference that knows it.
class FillByKey : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string text = "id,text\n";
    for (size_t row = 0; row < kRows; ++row) text += KeyOf(row) + "," + ValueOf(row) + "\n";
    const MemoryFile file(text);
    ReferenceOptions options;
    options.fd = file.fd();
    options.key_columns = {"id"};
    options.file_columns = {"id", "text"};
    // The rows of the reference get a quarter of this.
    MemoryBudget& memory = GetParam() ? reference_memory_ : memory_;
    const StageContext context{.memory = memory,
                               .pool = pool_,
                               .temp_dir_fd = GetParam() ? dir_.get() : -1,
                               .rows_max = [] { return kRows; },
                               .stop = {}};
    auto loaded = ReferenceTable::Load(options, tokens_, context);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    reference_ = *std::move(loaded);
    EXPECT_EQ(reference_->spilled_bytes() > 0, GetParam());
    for (size_t row = 0; row < kRows; ++row) keys_.push_back(KeyOf(row));
  }

  std::unique_ptr<SampleFilling> Sample(MemoryBudget& memory) const {
    const std::vector<std::string_view> ids(keys_.begin(), keys_.end());
    const std::vector<std::string_view> blanks(kRows);
    std::vector<EncodedColumn> columns = {EncodeColumn(ids), EncodeColumn(blanks)};
    std::vector<const ColumnRule*> rules = {&rule_, &rule_};
    return std::make_unique<SampleFilling>(std::move(columns), std::move(rules), tokens_, memory);
  }

  const UniqueFd dir_{::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY)};
  MemoryBudget memory_{int64_t{64} << 20};
  MemoryBudget reference_memory_{kMemoryReservedBytes + (int64_t{6} << 20)};
  TaskPool pool_{1};
  const MissingTokens tokens_{MissingTokens::Vocabulary::kUsed, {}, {}};
  const ColumnRule rule_;
  std::unique_ptr<ReferenceTable> reference_;
  std::vector<std::string> keys_;
};

INSTANTIATE_TEST_SUITE_P(InMemoryAndSpilled, FillByKey, testing::Bool());

TEST_P(FillByKey, WhatTheReferenceFillsCountsAgainstTheLimit) {
  const int64_t available = memory_.available_bytes();
  {
    const std::unique_ptr<SampleFilling> sample = Sample(memory_);
    const absl::Status filled = sample->FillByKey({reference_.get(), {0}});
    ASSERT_TRUE(filled.ok()) << filled;
    const EncodedColumn& column = sample->columns()[1];
    int64_t bytes = 0;
    for (size_t row = 0; row < kRows; ++row) {
      // Of long values the beginning, as a sample keeps it.
      const std::string value = ValueOf(row).substr(0, kSampleCellBytesMax);
      ASSERT_EQ(column.values[column.codes[row]], value) << row;
      bytes += static_cast<int64_t>(value.size());
    }
    EXPECT_GE(available - memory_.available_bytes(), bytes);
  }
  EXPECT_EQ(memory_.available_bytes(), available);
}

TEST_P(FillByKey, FillsThatDoNotFitAreATypedError) {
  MemoryBudget tiny(kMemoryReservedBytes + (int64_t{1} << 20));
  const std::unique_ptr<SampleFilling> sample = Sample(tiny);
  EXPECT_EQ(ReasonOf(sample->FillByKey({reference_.get(), {0}})), "OUT_OF_MEMORY");
}

}  // namespace
}  // namespace dq
