// Jobs that keep their place in the ready queue while their records are not in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "scheduler/core/ready_queue.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AbsentJobsTest : public ::testing::Test {
 protected:
  ReadyJob Job(JobKey key, int32_t priority = 0, const std::string& key_name = "",
               const std::string& queue = "default") {
    JobRules rules;
    rules.queue = queue;
    rules.concurrency_key = key_name;
    rules.concurrency_max = 1;
    return {key, priority, demands_.Intern({"noop"}), groups_.Join("p", rules)};
  }
  std::optional<JobKey> Pop() { return queue_.PopFor(offer_); }

  StageDemands demands_;
  StageOffer offer_{{"noop"}, demands_};
  JobGroups groups_;
  ReadyQueue queue_{groups_, 4};
};

TEST_F(AbsentJobsTest, AnAbsentJobKeepsItsPlaceUntilItIsPresent) {
  const ReadyJob first = Job(1);
  queue_.PushAbsent(first);
  queue_.Push(Job(2));
  EXPECT_EQ(queue_.CountBefore(Job(2)), 1);
  EXPECT_EQ(Pop(), std::nullopt);
  EXPECT_TRUE(queue_.MakePresent(first));
  EXPECT_EQ(Pop(), 1);
  EXPECT_EQ(Pop(), 2);
}

TEST_F(AbsentJobsTest, OnlyAJobThatIsAbsentBecomesPresent) {
  queue_.Push(Job(1));
  EXPECT_FALSE(queue_.MakePresent(Job(1)));
  EXPECT_FALSE(queue_.MakePresent(Job(2)));
  queue_.PushAbsent(Job(2));
  EXPECT_TRUE(queue_.IsAbsent(Job(2)));
  EXPECT_TRUE(queue_.MakePresent(Job(2)));
  EXPECT_FALSE(queue_.MakePresent(Job(2)));
}

TEST_F(AbsentJobsTest, AWindowOfTheFirstIsWantedOnce) {
  for (JobKey key = 1; key <= 9; ++key) queue_.PushAbsent(Job(key, key == 9 ? 5 : 0));
  EXPECT_TRUE(queue_.WantsRecords());
  EXPECT_THAT(queue_.NextToLoad(100), ElementsAre(9, 1, 2, 3));
  EXPECT_THAT(queue_.NextToLoad(100), IsEmpty());
}

TEST_F(AbsentJobsTest, MoreIsWantedWhenHalfTheWindowIsUsedUp) {
  for (JobKey key = 1; key <= 9; ++key) queue_.PushAbsent(Job(key));
  for (JobKey key : queue_.NextToLoad(100)) queue_.MakePresent(Job(key));
  EXPECT_EQ(Pop(), 1);
  EXPECT_EQ(Pop(), 2);
  EXPECT_FALSE(queue_.WantsRecords());
  EXPECT_EQ(Pop(), 3);
  EXPECT_THAT(queue_.NextToLoad(100), ElementsAre(5, 6, 7));
}

TEST_F(AbsentJobsTest, WhatDoesNotFitIntoOneReadingIsWantedTheNextTime) {
  for (JobKey key = 1; key <= 4; ++key) queue_.PushAbsent(Job(key));
  EXPECT_THAT(queue_.NextToLoad(2), ElementsAre(1, 2));
  for (JobKey key : {1, 2}) queue_.MakePresent(Job(key));
  EXPECT_THAT(queue_.NextToLoad(2), ElementsAre(3, 4));
}

TEST_F(AbsentJobsTest, NoMoreIsWantedThanAWindowHowOftenItIsAsked) {
  for (JobKey key = 1; key <= 30; ++key) queue_.PushAbsent(Job(key));
  while (queue_.WantsRecords()) {
    for (JobKey key : queue_.NextToLoad(1)) queue_.MakePresent(Job(key));
  }
  EXPECT_EQ(queue_.absent(), 26);
}

TEST_F(AbsentJobsTest, AMissedJobIsWantedThoughEnoughOthersArePresent) {
  for (JobKey key = 10; key < 20; ++key) queue_.Push(Job(key));
  queue_.PushAbsent(Job(1));
  EXPECT_FALSE(queue_.WantsRecords());
  EXPECT_EQ(Pop(), std::nullopt);
  EXPECT_THAT(queue_.NextToLoad(1), ElementsAre(1));
}

TEST_F(AbsentJobsTest, JobsOfAFullConcurrencyKeyDoNotFillTheWindow) {
  groups_.Started(Job(100, 0, "full").place);
  for (JobKey key = 1; key <= 50; ++key) queue_.PushAbsent(Job(key, 0, "full"));
  for (JobKey key = 51; key <= 60; ++key) queue_.PushAbsent(Job(key));
  EXPECT_THAT(queue_.NextToLoad(100), ElementsAre(51, 52, 53, 54));
}

TEST_F(AbsentJobsTest, EveryQueueHasAWindowOfItsOwn) {
  for (JobKey key = 1; key <= 20; ++key) queue_.PushAbsent(Job(key, 0, "", "long"));
  for (JobKey key = 21; key <= 40; ++key) queue_.PushAbsent(Job(key, 0, "", "other"));
  for (JobKey key : queue_.NextToLoad(100)) {
    queue_.MakePresent(Job(key, 0, "", key <= 20 ? "long" : "other"));
  }
  GroupLimit none;
  none.name = "long";
  none.running_max = 0;
  groups_.SetLimit(none);
  EXPECT_EQ(Pop(), 21);
}

TEST_F(AbsentJobsTest, ARecordIsWorthItsMemoryNearTheFrontOnly) {
  for (JobKey key = 1; key <= 5; ++key) {
    queue_.Push(Job(key));
    EXPECT_EQ(queue_.IsNear(Job(key)), key <= 4) << key;
  }
  queue_.MakeAbsent(Job(5));
  queue_.Push(Job(6));
  EXPECT_FALSE(queue_.IsNear(Job(6)));
  queue_.Push(Job(7, 9));
  EXPECT_TRUE(queue_.IsNear(Job(7, 9)));
}

// Which records are in memory decides nothing about who is next.
TEST_F(AbsentJobsTest, JobsAreTakenInTheSameOrderWhicheverAreAbsent) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](unsigned count) { return random() % count; };
    ReadyQueue all(groups_, 100);
    ReadyQueue windowed(groups_, static_cast<int>(1 + pick(6)));
    std::map<JobKey, ReadyJob> jobs;
    for (JobKey key = 1; key <= 120; ++key) {
      const std::string name = pick(3) == 0 ? "k" + std::to_string(pick(3)) : "";
      const ReadyJob job =
          Job(key, static_cast<int32_t>(pick(3)), name, pick(2) == 0 ? "one" : "two");
      jobs[key] = job;
      all.Push(job);
      pick(4) == 0 ? windowed.Push(job) : windowed.PushAbsent(job);
      if (pick(8) == 0) {
        const ReadyJob gone = jobs[1 + static_cast<JobKey>(pick(static_cast<unsigned>(key)))];
        EXPECT_EQ(all.Erase(gone), windowed.Erase(gone));
      }
      if (pick(2) == 0) continue;
      const std::optional<JobKey> expected = all.PopFor(offer_);
      std::optional<JobKey> taken = windowed.PopFor(offer_);
      while (!taken && windowed.WantsRecords()) {
        for (JobKey absent : windowed.NextToLoad(1 + pick(5))) windowed.MakePresent(jobs[absent]);
        taken = windowed.PopFor(offer_);
      }
      ASSERT_EQ(taken, expected) << "seed " << seed;
    }
    EXPECT_EQ(all.size(), windowed.size());
  }
}

}  // namespace
}  // namespace dq
