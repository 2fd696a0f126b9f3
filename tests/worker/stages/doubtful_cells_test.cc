// Cells that evidence has emptied: a fill is no surer than that they held no value.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "worker/stages/complete/confidence_text.h"

namespace dq {
namespace {

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// A rent for every flat, the same every month; 0 in the months in which it stands empty, or no
// cell. `surely`: the zeros lie far from all rents.
std::string Rents(size_t flats, size_t months, bool surely) {
  std::mt19937 random(11);
  std::vector<size_t> rents;
  for (size_t flat = 0; flat < flats; ++flat) {
    rents.push_back(surely ? 5000 + random() % 900 : 300 + random() % 1600);
  }
  std::string text = "month,flat,rent\n";
  for (size_t month = 0; month < months; ++month) {
    for (size_t flat = 0; flat < flats; ++flat) {
      const auto dice = random() % 100;
      const std::string rent = dice < 9 ? "0" : dice < 11 ? "" : std::to_string(rents[flat]);
      text += "m" + std::to_string(month) + ",f" + std::to_string(flat) + "," + rent + "\n";
    }
  }
  return text;
}

ChainSpec CompleteAlone(CompleteOptions options = {}) {
  ChainSpec spec;
  spec.stages = {std::move(options)};
  return spec;
}

TEST(DoubtfulCells, AreClearedAndNotFilledWhereBothGuessesAreTooUnsure) {
  const std::string rents = Rents(150, 7, false);
  const HarnessRun run = RunChainOnText(CompleteAlone(), rents);
  ASSERT_TRUE(run.status.ok()) << run.status;
  const auto report = nlohmann::json::parse(run.report);
  ASSERT_EQ(report.at("/columns/2/disguises/0/confidence"_json_pointer), 0.9);
  EXPECT_EQ(CountOf(run.changes, ",rent,0,,clear,0.9\n"), CountOf(rents, ",0\n"));
  EXPECT_EQ(CountOf(run.changes, ",rent,0,"), CountOf(rents, ",0\n"));
  // What was empty from the start is filled as ever.
  EXPECT_EQ(run.result.cells_filled, static_cast<int64_t>(CountOf(rents, ",\n")));
  EXPECT_EQ(CountOf(run.changes, ",dependency:flat,0.99"), CountOf(rents, ",\n"));
}

TEST(DoubtfulCells, AreFilledWithTheProductOfBothConfidences) {
  const std::string rents = Rents(150, 7, true);
  const HarnessRun run = RunChainOnText(CompleteAlone(), rents);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(CountOf(run.changes, ",dependency:flat,0.94"), CountOf(rents, ",0\n"));
  EXPECT_EQ(CountOf(run.changes, ",dependency:flat,0.99"), CountOf(rents, ",\n"));
}

TEST(DoubtfulCells, StayClearedWhenMoreIsAskedThanTheProduct) {
  const std::string rents = Rents(150, 7, true);
  const HarnessRun run = RunChainOnText(CompleteAlone({.min_confidence = 0.96}), rents);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(CountOf(run.changes, ",rent,0,,clear,0.95\n"), CountOf(rents, ",0\n"));
  EXPECT_EQ(CountOf(run.changes, ",dependency:flat,0.99"), CountOf(rents, ",\n"));
}

// The rows of the sample are filled as the rows of the file are, also where the sample is a part.
TEST(DoubtfulCells, AreTheSameForAllThreadsAndLimits) {
  for (const size_t flats : {150, 4000}) {
    for (const bool surely : {false, true}) {
      const std::string rents = Rents(flats, 7, surely);
      ChainSpec spec = CompleteAlone();
      spec.threads = 1;
      const HarnessRun one = RunChainOnText(spec, rents);
      ASSERT_TRUE(one.status.ok()) << one.status;
      EXPECT_GT(CountOf(one.changes, surely ? ",dependency:flat,0.94" : ",clear,0.9\n"), 0);
      spec.threads = 3;
      spec.memory_limit_bytes = kMemoryLimitBytesMin;
      const HarnessRun three = RunChainOnText(spec, rents);
      ASSERT_TRUE(three.status.ok()) << three.status;
      EXPECT_EQ(one.changes, three.changes);
      EXPECT_EQ(one.cleaned, three.cleaned);
    }
  }
}

TEST(ConfidenceText, IsRoundedDownToThousandths) {
  EXPECT_EQ(ConfidenceText(0), "0");
  EXPECT_EQ(ConfidenceText(0.5), "0.5");
  EXPECT_EQ(ConfidenceText(0.95 * 0.5), "0.475");
  EXPECT_EQ(ConfidenceText(0.95 * 0.9999), "0.949");
  EXPECT_EQ(ConfidenceText(0.57), "0.57");
  EXPECT_EQ(ConfidenceText(1), "1");
}

}  // namespace
}  // namespace dq
