#include "scheduler/core/dependency_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DependencyTable, ADependentWaitsForTheLastOfItsDependencies) {
  DependencyTable table;
  table.Add(10, 1);
  table.Add(10, 2);
  EXPECT_TRUE(table.IsWaiting(10));
  EXPECT_THAT(table.Ended(1, JobState::kCompleted), IsEmpty());
  EXPECT_TRUE(table.IsWaiting(10));
  EXPECT_THAT(table.Ended(2, JobState::kCompleted), ElementsAre(10));
  EXPECT_FALSE(table.IsWaiting(10));
  EXPECT_EQ(table.FailureOf(10), std::nullopt);
}

TEST(DependencyTable, OneFailureDecidesAtOnceAndOnce) {
  DependencyTable table;
  table.Add(10, 1);
  table.Add(10, 2);
  EXPECT_THAT(table.Ended(2, JobState::kCancelled), ElementsAre(10));
  EXPECT_FALSE(table.IsWaiting(10));
  ASSERT_TRUE(table.FailureOf(10).has_value());
  EXPECT_EQ(table.FailureOf(10)->job, 2);
  EXPECT_EQ(table.FailureOf(10)->state, JobState::kCancelled);
  EXPECT_THAT(table.Ended(1, JobState::kFailed), IsEmpty());
  EXPECT_EQ(table.FailureOf(10)->job, 2);
}

TEST(DependencyTable, WhatHasEndedBeforeCountsAtOnce) {
  DependencyTable table;
  table.AddEnded(10, 1, JobState::kCompleted);
  EXPECT_FALSE(table.IsWaiting(10));
  table.Add(10, 2);
  EXPECT_TRUE(table.IsWaiting(10));
  table.AddEnded(11, 3, JobState::kSkipped);
  table.Add(11, 2);
  EXPECT_FALSE(table.IsWaiting(11));
  EXPECT_EQ(table.FailureOf(11)->job, 3);
  EXPECT_THAT(table.Ended(2, JobState::kCompleted), ElementsAre(10));
}

TEST(DependencyTable, AnEndIsToldToAllDependentsInTheOrderOfTheirKeys) {
  DependencyTable table;
  for (JobKey dependent = 30; dependent > 20; --dependent) table.Add(dependent, 1);
  table.Add(40, 2);
  EXPECT_THAT(table.Ended(1, JobState::kCompleted),
              ElementsAre(21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
  EXPECT_THAT(table.Ended(1, JobState::kCompleted), IsEmpty());
}

TEST(DependencyTable, ARemovedDependentIsToldNothing) {
  DependencyTable table;
  table.Add(10, 1);
  table.Add(11, 1);
  table.Remove(10);
  table.Remove(10);
  EXPECT_FALSE(table.Has(10));
  EXPECT_THAT(table.Ended(1, JobState::kFailed), ElementsAre(11));
  table.Remove(11);
  EXPECT_TRUE(table.empty());
}

TEST(DependencyTable, OfAJobThatItDoesNotKnowNothingWaits) {
  const DependencyTable table;
  EXPECT_FALSE(table.IsWaiting(1));
  EXPECT_EQ(table.FailureOf(1), std::nullopt);
}

}  // namespace
}  // namespace dq
