// What explains a value that could stand for "no value", and how much is looked at to know.
#include "worker/stages/complete/missing/explained_values.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dq {
namespace {

constexpr size_t kRows = 130;

// Pay is 0 in every fourth row; no other number occurs twice.
std::string PayOf(size_t row) { return row % 4 == 0 ? "0" : std::to_string(500 + row); }

EncodedColumn ColumnOf(const std::vector<std::string>& cells) {
  return EncodeColumn(std::vector<std::string_view>(cells.begin(), cells.end()));
}

// Columns of a sample, in all of which the 0 was found to stand for "no value".
class ExplainedValues : public testing::Test {
 protected:
  template <typename CellOf>
  void AddColumn(const CellOf& cell_of) {
    std::vector<std::string>& cells = cells_.emplace_back();
    for (size_t row = 0; row < kRows; ++row) cells.push_back(cell_of(row));
  }
  // To be called when all columns are there.
  SampleFindings Sample(const std::string& disguise = "0") {
    for (const std::vector<std::string>& cells : cells_) {
      columns_.push_back(ColumnOf(cells));
      found_.emplace_back().disguises = {
          {.value = disguise, .kind = DisguiseKind::kSentinel, .evidence = "", .confidence = 1}};
    }
    return {columns_, found_, tokens_};
  }

 private:
  std::vector<std::vector<std::string>> cells_;
  std::vector<EncodedColumn> columns_;
  std::vector<DisguiseFindings> found_;
  const MissingTokens tokens_{MissingTokens::Vocabulary::kUsed, {}, {}};
};

TEST_F(ExplainedValues, OfAThousandFullColumnsOfManyValuesNoneIsLookedAtForAnother) {
  for (size_t column = 0; column < 1000; ++column) AddColumn(PayOf);
  const Explanations explanations(Sample());
  EXPECT_EQ(explanations.candidates(), 0u);
  EXPECT_EQ(explanations.Find(0), std::nullopt);
}

TEST_F(ExplainedValues, TheFirstColumnOfFewValuesThatGoesWithThemExplains) {
  AddColumn(PayOf);
  AddColumn([](size_t row) { return std::string(row % 3 == 0 ? "north" : "south"); });
  AddColumn([](size_t row) { return std::string(row % 4 == 0 ? "volunteer" : "employee"); });
  AddColumn([](size_t row) { return std::string(row % 4 == 0 ? "none at all" : "some"); });
  const Explanations explanations(Sample());
  EXPECT_EQ(explanations.candidates(), 3u);
  EXPECT_EQ(explanations.Find(0), std::optional<size_t>(2));
}

TEST_F(ExplainedValues, WhatIsMissingInTheSameRowsTakesTheExplanationAway) {
  AddColumn(PayOf);
  AddColumn([](size_t row) { return std::string(row % 4 == 0 ? "volunteer" : "employee"); });
  AddColumn([](size_t row) { return row % 4 == 0 ? "" : "m" + std::to_string(row); });
  const Explanations explanations(Sample());
  EXPECT_EQ(explanations.candidates(), 2u);
  EXPECT_EQ(explanations.Find(0), std::nullopt);
}

TEST_F(ExplainedValues, WithoutAValueToExplainNothingIsLookedAt) {
  AddColumn(PayOf);
  AddColumn([](size_t row) { return std::string(row % 4 == 0 ? "volunteer" : "employee"); });
  const Explanations explanations(Sample("-1"));
  EXPECT_EQ(explanations.candidates(), 0u);
  EXPECT_EQ(explanations.Find(0), std::nullopt);
}

}  // namespace
}  // namespace dq
