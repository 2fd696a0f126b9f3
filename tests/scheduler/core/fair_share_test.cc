// Between projects and within limits: JobGroups and ReadyQueue together.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "scheduler/core/job_groups.h"
#include "scheduler/core/ready_queue.h"

namespace dq {
namespace {

class FairShareTest : public ::testing::Test {
 protected:
  ReadyJob Push(const std::string& project, const std::string& queue = "default",
                const std::string& key = "", int32_t key_max = 1, int32_t priority = 0) {
    JobRules rules;
    rules.queue = queue;
    rules.concurrency_key = key;
    rules.concurrency_max = key_max;
    const JobPlace place = groups_.Join(project, rules);
    const ReadyJob job = {++keys_, priority, noop_, place};
    jobs_[job.key] = job;
    queue_.Push(job);
    return job;
  }
  // Takes the next job and lets it run.
  std::optional<JobKey> Start() {
    const std::optional<JobKey> key = queue_.PopFor(offer_);
    if (!key) return key;
    groups_.Started(jobs_[*key].place);
    queue_.KeyChanged(jobs_[*key].place.concurrency);
    return key;
  }
  void End(JobKey key) {
    groups_.Ended(jobs_[key].place);
    queue_.KeyChanged(jobs_[key].place.concurrency);
    groups_.Leave(jobs_[key].place);
  }
  void Limit(GroupKind kind, const std::string& name, int32_t running_max, int32_t weight = 1) {
    GroupLimit limit;
    limit.kind = kind;
    limit.name = name;
    limit.running_max = running_max;
    limit.weight = weight;
    groups_.SetLimit(limit);
  }
  std::string ProjectOf(JobKey key) { return groups_.NameOf(jobs_[key].place.project); }

  StageDemands demands_;
  DemandId noop_ = demands_.Intern({"noop"});
  StageOffer offer_{{"noop"}, demands_};
  JobGroups groups_;
  ReadyQueue queue_{groups_, 1000};
  std::map<JobKey, ReadyJob> jobs_;
  JobKey keys_ = 0;
};

TEST_F(FairShareTest, ProjectsTakeTurnsHoweverManyJobsTheyHave) {
  for (int i = 0; i < 100; ++i) Push("large");
  for (int i = 0; i < 3; ++i) Push("small");
  std::map<std::string, int> had;
  for (int i = 0; i < 6; ++i) ++had[ProjectOf(*Start())];
  EXPECT_EQ(had["large"], 3);
  EXPECT_EQ(had["small"], 3);
}

TEST_F(FairShareTest, AWeightIsAShareOfTheGrants) {
  Limit(GroupKind::kProject, "three", kUnlimited, 3);
  for (int i = 0; i < 400; ++i) {
    Push("one");
    Push("three");
  }
  std::map<std::string, int> had;
  for (int i = 0; i < 400; ++i) ++had[ProjectOf(*Start())];
  EXPECT_EQ(had["one"], 100);
  EXPECT_EQ(had["three"], 300);
}

TEST_F(FairShareTest, AProjectThatWasIdleHasSavedNothingUp) {
  for (int i = 0; i < 1000; ++i) Push("busy");
  for (int i = 0; i < 500; ++i) Start();
  for (int i = 0; i < 100; ++i) Push("late");
  std::map<std::string, int> had;
  for (int i = 0; i < 20; ++i) ++had[ProjectOf(*Start())];
  EXPECT_EQ(had["busy"], 10);
  EXPECT_EQ(had["late"], 10);
}

TEST_F(FairShareTest, InsideAProjectPriorityGoesBeforeAgeAcrossItsQueues) {
  const JobKey old = Push("p", "a").key;
  const JobKey urgent = Push("p", "b", "", 1, 9).key;
  EXPECT_EQ(Start(), urgent);
  EXPECT_EQ(Start(), old);
}

TEST_F(FairShareTest, AFullQueueIsPassedOverAndSaysSo) {
  Limit(GroupKind::kQueue, "narrow", 1);
  const JobKey first = Push("p", "narrow").key;
  const ReadyJob second = Push("p", "narrow");
  const JobKey other = Push("p", "wide").key;
  EXPECT_EQ(Start(), first);
  EXPECT_EQ(groups_.Blocks(second.place), WaitReason::kQueueAtLimit);
  EXPECT_EQ(Start(), other);
  EXPECT_EQ(Start(), std::nullopt);
  End(first);
  EXPECT_EQ(groups_.Blocks(second.place), WaitReason::kNone);
  EXPECT_EQ(Start(), second.key);
}

TEST_F(FairShareTest, AFullProjectIsPassedOverAndSaysSo) {
  Limit(GroupKind::kProject, "p", 1);
  const JobKey first = Push("p").key;
  const ReadyJob second = Push("p");
  const JobKey other = Push("q").key;
  EXPECT_EQ(Start(), first);
  EXPECT_EQ(groups_.Blocks(second.place), WaitReason::kProjectAtLimit);
  EXPECT_EQ(Start(), other);
  EXPECT_EQ(Start(), std::nullopt);
  Limit(GroupKind::kProject, "p", 2);
  EXPECT_EQ(Start(), second.key);
}

TEST_F(FairShareTest, JobsOfOneConcurrencyKeyRunOneAfterTheOther) {
  const JobKey first = Push("p", "default", "customer-1").key;
  const ReadyJob second = Push("p", "default", "customer-1");
  const JobKey other_key = Push("p", "default", "customer-2").key;
  const JobKey other_project = Push("q", "default", "customer-1").key;
  std::vector<JobKey> started;
  while (const auto key = Start()) started.push_back(*key);
  std::ranges::sort(started);
  EXPECT_EQ(started, (std::vector<JobKey>{first, other_key, other_project}));
  EXPECT_EQ(groups_.Blocks(second.place), WaitReason::kConcurrencyKeyAtLimit);
  End(first);
  EXPECT_EQ(Start(), second.key);
}

TEST_F(FairShareTest, AKeyIsForgottenWithItsLastJobAndItsPlaceUsedAgain) {
  const ReadyJob job = Push("p", "default", "once");
  EXPECT_EQ(Start(), job.key);
  End(job.key);
  const ReadyJob next = Push("p", "default", "twice");
  EXPECT_EQ(next.place.concurrency, job.place.concurrency);
  EXPECT_EQ(Start(), next.key);
}

TEST_F(FairShareTest, APositionCountsTheProjectsOwnJobsInTheQueue) {
  Push("p");
  Push("p", "default", "key");
  Push("p", "other");
  Push("q");
  EXPECT_EQ(queue_.CountBefore(Push("p")), 2);
}

TEST_F(FairShareTest, LimitsHoldAndNothingThatMayRunWaitsInRandomLives) {
  std::mt19937_64 random(11);
  Limit(GroupKind::kQueue, "q0", 3);
  Limit(GroupKind::kProject, "p0", 4);
  std::vector<JobKey> running;
  const auto may_run = [&](const ReadyJob& job) {
    return groups_.Blocks(job.place) == WaitReason::kNone;
  };
  std::map<JobKey, ReadyJob> waiting;
  for (int step = 0; step < 20'000; ++step) {
    const auto dice = random() % 10;
    if (dice < 4) {
      const std::string key = random() % 2 == 0 ? "k" + std::to_string(random() % 5) : "";
      const ReadyJob job =
          Push("p" + std::to_string(random() % 3), "q" + std::to_string(random() % 2), key,
               1 + static_cast<int32_t>(random() % 2), static_cast<int32_t>(random() % 3));
      waiting[job.key] = job;
    } else if (dice < 7) {
      const std::optional<JobKey> key = Start();
      const bool any = std::ranges::any_of(waiting, [&](auto& w) { return may_run(w.second); });
      if (key) waiting.erase(*key);
      if (key) running.push_back(*key);
      ASSERT_TRUE(key || !any) << "step " << step;
    } else if (dice < 9 && !running.empty()) {
      std::swap(running[random() % running.size()], running.back());
      End(running.back());
      running.pop_back();
    } else if (!waiting.empty()) {
      const ReadyJob job = waiting.begin()->second;
      ASSERT_TRUE(queue_.Erase(job));
      groups_.Leave(job.place);
      waiting.erase(job.key);
    }
    std::map<std::string, int> count;
    for (JobKey key : running) {
      ++count["q" + groups_.NameOf(jobs_[key].place.queue)];
      ++count["p" + groups_.NameOf(jobs_[key].place.project)];
    }
    ASSERT_LE(count["qq0"], 3);
    ASSERT_LE(count["pp0"], 4);
    ASSERT_EQ(queue_.size(), std::ssize(waiting));
  }
}

}  // namespace
}  // namespace dq
