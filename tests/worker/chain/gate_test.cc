#include "worker/chain/gate.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

Report Scored(double score) {
  Report report;
  report.rows_in = 10;
  report.score = score;
  report.dimensions["uniqueness"] = {.score = 100, .score_before = 100, .weight = 0.2};
  return report;
}

TEST(Gate, WithoutAGateNothingIsJudged) {
  EXPECT_EQ(JudgeGate(std::nullopt, Scored(1)).verdict, Verdict::kNotEvaluated);
}

TEST(Gate, TheScoreMayBeExactlyTheLeastOne) {
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = 90}, Scored(90)).verdict, Verdict::kPassed);
  const GateFindings below = JudgeGate(ChainGate{.min_score = 90}, Scored(89.99));
  EXPECT_EQ(below.verdict, Verdict::kFailed);
  EXPECT_EQ(below.reason, "the score 89.99 is below 90");
}

TEST(Gate, WhatWasNotMeasuredCannotHold) {
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = 0}, Report()).verdict, Verdict::kFailed);
  EXPECT_EQ(
      JudgeGate(ChainGate{.min_score = {}, .fail_on_schema_mismatch = true}, Scored(100)).verdict,
      Verdict::kFailed);
}

TEST(Gate, DuplicatesThatNobodyLookedForAreNotNone) {
  Report report = Scored(100);
  report.dimensions.clear();
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = {}, .max_duplicate_ratio = 1}, report).verdict,
            Verdict::kFailed);
}

TEST(Gate, AFileWithoutRowsReachesNoScoreAndNoShareOfDuplicates) {
  Report empty = Scored(100);
  empty.rows_in = 0;
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = 0}, empty).verdict, Verdict::kFailed);
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = {}, .max_duplicate_ratio = 1}, empty).verdict,
            Verdict::kFailed);
}

TEST(Gate, EqualColumnsHoldAndAnExtraOneDoesNot) {
  Report report = Scored(100);
  report.schema.compared = true;
  const ChainGate gate{.min_score = {}, .fail_on_schema_mismatch = true};
  EXPECT_EQ(JudgeGate(gate, report).verdict, Verdict::kPassed);
  report.schema.extra = {"notes"};
  EXPECT_EQ(JudgeGate(gate, report).verdict, Verdict::kFailed);
}

TEST(Gate, DuplicatesOfBothKindsCount) {
  Report report = Scored(100);
  report.duplicates_exact = 1;
  report.duplicates_normalised = 1;
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = {}, .max_duplicate_ratio = 0.2}, report).verdict,
            Verdict::kPassed);
  EXPECT_EQ(JudgeGate(ChainGate{.min_score = {}, .max_duplicate_ratio = 0.1}, report).verdict,
            Verdict::kFailed);
}

}  // namespace
}  // namespace dq
