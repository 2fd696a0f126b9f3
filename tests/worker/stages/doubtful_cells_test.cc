// Cells that evidence has emptied: that they held no value is one step with its own confidence,
// what fills the empty cell another.
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

TEST(DoubtfulCells, AreClearedAsSurelyAsTheEvidenceIsAndFilledAsAnyEmptyCell) {
  const std::string rents = Rents(150, 7, false);
  const HarnessRun run = RunChainOnText(CompleteAlone(), rents);
  ASSERT_TRUE(run.status.ok()) << run.status;
  const auto report = nlohmann::json::parse(run.report);
  ASSERT_EQ(report.at("/columns/2/disguises/0/confidence"_json_pointer), 0.9);
  EXPECT_EQ(CountOf(run.changes, ",rent,0,,clear,0.9\n"), CountOf(rents, ",0\n"));
  EXPECT_EQ(CountOf(run.changes, ",rent,0,"), CountOf(rents, ",0\n"));
  const size_t empty = CountOf(rents, ",\n") + CountOf(rents, ",0\n");
  EXPECT_EQ(CountOf(run.changes, ",dependency:flat,0.99"), empty);
  EXPECT_EQ(run.result.cells_filled, static_cast<int64_t>(empty));
}

TEST(DoubtfulCells, AreNotTouchedWhereTheUserForbidsIt) {
  const std::string rents = Rents(150, 7, true);
  const HarnessRun run = RunChainOnText(CompleteAlone({.not_missing_tokens = {"0"}}), rents);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(CountOf(run.changes, ",rent,0,"), 0);
  EXPECT_EQ(CountOf(run.cleaned, ",0\n"), CountOf(rents, ",0\n"));
}

// To the second run it is a plain empty cell what to the first one was a doubtful value.
TEST(DoubtfulCells, AreFilledByTheRunThatClearsThemOrByNone) {
  for (const size_t flats : {150, 300, 4000}) {
    for (const bool surely : {false, true}) {
      for (const double min_confidence : {0.5, 0.96}) {
        const ChainSpec spec = CompleteAlone({.min_confidence = min_confidence});
        const HarnessRun once = RunChainOnText(spec, Rents(flats, 7, surely));
        ASSERT_TRUE(once.status.ok()) << once.status;
        EXPECT_GT(CountOf(once.changes, ",rent,0,,clear,0.9"), 0);
        const HarnessRun twice = RunChainOnText(spec, once.cleaned);
        EXPECT_EQ(CountOf(twice.changes, "\n"), 1) << twice.changes;  // The header.
      }
    }
  }
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
      EXPECT_GT(CountOf(one.changes, surely ? ",clear,0.95\n" : ",clear,0.9\n"), 0);
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
