#include "scheduler/core/ready_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace dq {
namespace {

class ReadyQueueTest : public ::testing::Test {
 protected:
  StageDemands demands_;
  DemandId noop_ = demands_.Intern({"noop"});
  DemandId chain_ = demands_.Intern({"complete", "dedupe"});
  StageOffer all_{{"noop", "complete", "dedupe"}, demands_};
  StageOffer only_noop_{{"noop"}, demands_};
  JobGroups groups_;
  const JobPlace place_ = groups_.Join("default", JobRules());
  ReadyQueue queue_{groups_, 1000};
};

TEST_F(ReadyQueueTest, HigherPriorityGoesFirstThenTheOlderJob) {
  queue_.Push({.key = 1, .priority = 0, .demand = noop_, .place = place_});
  queue_.Push({.key = 2, .priority = 5, .demand = chain_, .place = place_});
  queue_.Push({.key = 3, .priority = 0, .demand = chain_, .place = place_});
  queue_.Push({.key = 4, .priority = 5, .demand = noop_, .place = place_});
  EXPECT_EQ(queue_.PopFor(all_), 2);
  EXPECT_EQ(queue_.PopFor(all_), 4);
  EXPECT_EQ(queue_.PopFor(all_), 1);
  EXPECT_EQ(queue_.PopFor(all_), 3);
  EXPECT_EQ(queue_.PopFor(all_), std::nullopt);
}

TEST_F(ReadyQueueTest, AWorkerGetsOnlyChainsWhoseStagesItAllOffers) {
  const StageOffer half({"complete"}, demands_);
  queue_.Push({.key = 1, .priority = 9, .demand = chain_, .place = place_});
  queue_.Push({.key = 2, .priority = 0, .demand = noop_, .place = place_});
  EXPECT_EQ(queue_.PopFor(half), std::nullopt);
  EXPECT_EQ(queue_.PopFor(only_noop_), 2);
  EXPECT_EQ(queue_.size(), 1);
}

TEST_F(ReadyQueueTest, AnOfferServesChainsSeenAfterItWasMade) {
  const DemandId late = demands_.Intern({"dedupe"});
  EXPECT_TRUE(all_.Serves(late));
  EXPECT_FALSE(only_noop_.Serves(late));
}

TEST_F(ReadyQueueTest, AnErasedJobIsNeverTaken) {
  queue_.Push({.key = 1, .priority = 0, .demand = noop_, .place = place_});
  EXPECT_TRUE(queue_.Erase({.key = 1, .priority = 0, .demand = noop_, .place = place_}));
  EXPECT_FALSE(queue_.Erase({.key = 1, .priority = 0, .demand = noop_, .place = place_}));
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.PopFor(all_), std::nullopt);
}

TEST_F(ReadyQueueTest, PositionAndOldestAgreeWithASortedList) {
  std::mt19937_64 random(7);
  std::vector<ReadyJob> jobs;
  for (JobKey key = 1; key <= 500; ++key) {
    const auto priority = static_cast<int32_t>(random() % 5);
    jobs.push_back({key * 3, priority, random() % 2 == 0 ? noop_ : chain_, place_});
    queue_.Push(jobs.back());
  }
  EXPECT_EQ(queue_.OldestKey(), 3);
  std::ranges::sort(jobs, [](const ReadyJob& a, const ReadyJob& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.key < b.key;
  });
  for (size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(queue_.CountBefore(jobs[i]), static_cast<int64_t>(i));
  }
  for (const ReadyJob& job : jobs) EXPECT_EQ(queue_.PopFor(all_), job.key);
}

}  // namespace
}  // namespace dq
