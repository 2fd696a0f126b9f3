// What the memory limit counts, as a whole and by holder.
#include "worker/chain/memory_budget.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"

namespace dq {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(MemoryBudget, AHolderTakesFromTheWholeAndKnowsItsOwnPeak) {
  MemoryBudget whole(kMemoryReservedBytes + 10 * kMiB);
  MemoryBudget one(&whole);
  MemoryBudget other(&whole);
  ASSERT_TRUE(one.Take(4 * kMiB, "rows").ok());
  one.Release(3 * kMiB);
  ASSERT_TRUE(other.Take(8 * kMiB, "keys").ok());
  EXPECT_EQ(one.available_bytes(), kMiB);
  EXPECT_EQ(ReasonOf(one.Take(2 * kMiB, "rows")), "OUT_OF_MEMORY");
  EXPECT_EQ(one.peak_bytes(), 4 * kMiB);
  EXPECT_EQ(other.peak_bytes(), 8 * kMiB);
  other.Release(8 * kMiB);
  EXPECT_EQ(whole.available_bytes(), 9 * kMiB);
}

TEST(MemoryBudget, TheReportTellsWhatEachStageHeldAndWhatTheProcessDid) {
  std::string text = "id,name\n";
  for (int i = 0; i < 20'000; ++i) {
    text += std::to_string(i) + ",name " + std::to_string(i % 7000) + "\n";
  }
  ChainSpec spec;
  spec.stages = {CompleteOptions{}, DedupeOptions{}};
  const HarnessRun run = RunChainOnText(spec, text);
  ASSERT_TRUE(run.status.ok()) << run.status;
  const auto report = nlohmann::json::parse(run.report);
  const int64_t complete = report["stages"][0]["peak_bytes"];
  const int64_t dedupe = report["stages"][1]["peak_bytes"];
  EXPECT_GT(complete, 0);
  EXPECT_GT(dedupe, 0);
  EXPECT_NE(complete, dedupe);
  EXPECT_GT(report["process_peak_bytes"].get<int64_t>(), std::max(complete, dedupe));
}

}  // namespace
}  // namespace dq
