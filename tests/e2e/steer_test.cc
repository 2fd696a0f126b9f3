// Jobs that users steer, over real processes and through dqctl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void StartRunning(const Cluster& cluster, const std::string& id) {
  Submit(cluster, id, {"--chain", "noop", "--noop-ms", "600000"});
  AwaitState(cluster, id, "PROCESSING");
}

TEST(Steer, ARunningJobIsPausedFreesItsSlotAndRunsAgainWhenResumed) {
  const Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  StartRunning(cluster, "first");
  EXPECT_EQ(cluster.Ctl({"job", "pause", "first", "--reason", "lunch"}).exit_code, 0);
  AwaitState(cluster, "first", "PAUSED");
  Submit(cluster, "second", {"--chain", "noop"});
  AwaitState(cluster, "second", "COMPLETED");
  EXPECT_EQ(cluster.Ctl({"job", "resume", "first"}).exit_code, 0);
  AwaitState(cluster, "first", "PROCESSING");
  EXPECT_EQ(GetJob(cluster, "first").attempt, 2);
}

TEST(Steer, ACancelledJobIsRetriedAndAPausedOneOutlivesItsScheduler) {
  Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  StartRunning(cluster, "first");
  Submit(cluster, "second", {"--chain", "noop"});
  EXPECT_EQ(cluster.Ctl({"job", "pause", "second"}).exit_code, 0);
  AwaitState(cluster, "second", "PAUSED");
  EXPECT_EQ(cluster.Ctl({"job", "cancel", "first"}).exit_code, 0);
  AwaitState(cluster, "first", "CANCELLED");
  EXPECT_EQ(cluster.Ctl({"job", "pause", "first"}).exit_code, 1);
  cluster.RestartScheduler();
  EXPECT_EQ(cluster.Ctl({"job", "resume", "second"}).exit_code, 0);
  AwaitState(cluster, "second", "COMPLETED");
  EXPECT_EQ(cluster.Ctl({"job", "retry", "first"}).exit_code, 0);
  AwaitState(cluster, "first", "PROCESSING");
  EXPECT_EQ(CountEvents(cluster, "first", "reopen"), 1);
}

TEST(Steer, AJobThatWaitsSaysWhyAndWhereItStands) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  EXPECT_EQ(cluster.Ctl({"queue", "set", "narrow", "--running-max", "1"}).exit_code, 0);
  Submit(cluster, "runs", {"--chain", "noop", "--noop-ms", "600000", "--queue", "narrow"});
  AwaitState(cluster, "runs", "PROCESSING");
  Submit(cluster, "next", {"--chain", "noop", "--queue", "narrow"});
  Submit(cluster, "last", {"--chain", "noop", "--queue", "narrow"});
  EXPECT_THAT(cluster.Ctl({"job", "get", "last"}).out,
              HasSubstr("its queue narrow runs as many jobs as it may, 1 ahead"));
  EXPECT_THAT(cluster.Ctl({"queue", "list"}).out, HasSubstr("narrow"));
  EXPECT_EQ(cluster.Ctl({"queue", "set", "narrow"}).exit_code, 0);
  AwaitState(cluster, "last", "COMPLETED");
}

TEST(Steer, AJobFollowsTheOneItDependsOnAlsoUnderAnotherLeader) {
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  StartRunning(cluster, "first");
  Submit(cluster, "second", {"--chain", "noop", "--depends-on", "first"});
  Submit(cluster, "third", {"--chain", "noop", "--depends-on", "second", "--depends-on", "first"});
  EXPECT_THAT(cluster.Ctl({"job", "get", "second"}).out, HasSubstr("waits for first to complete"));
  cluster.RestartScheduler();
  EXPECT_EQ(cluster.Ctl({"job", "cancel", "first"}).exit_code, 0);
  AwaitState(cluster, "third", "SKIPPED");
  EXPECT_EQ(GetJob(cluster, "second").error_reason, "DEPENDENCY_FAILED");
  Submit(cluster, "fourth", {"--chain", "noop"});
  Submit(cluster, "fifth", {"--chain", "noop", "--depends-on", "fourth"});
  AwaitState(cluster, "fifth", "COMPLETED");
  EXPECT_EQ(cluster.Ctl({"job", "submit", "--chain", "noop", "--depends-on", "nobody"}).exit_code,
            1);
}

// Returns the name of the only worker.
std::string WorkerOf(const Cluster& cluster) {
  const ProgramResult list = cluster.Ctl({"worker", "list", "-o", "json"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  const auto workers = nlohmann::json::parse(list.out, nullptr, /*allow_exceptions=*/false);
  return workers.size() == 1 ? workers[0].at("name").get<std::string>() : "";
}

TEST(Steer, ADrainedWorkerFinishesAndGetsNothingAlsoUnderAnotherLeaderUntilItIsTakenBack) {
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  StartRunning(cluster, "first");
  const std::string worker = WorkerOf(cluster);
  const ProgramResult drained = cluster.Ctl({"worker", "drain", worker, "--reason", "a new disk"});
  EXPECT_EQ(drained.exit_code, 0) << drained.err;
  EXPECT_THAT(drained.out, AllOf(HasSubstr("DRAINING"), HasSubstr("a new disk")));
  cluster.RestartScheduler();
  Submit(cluster, "second", {"--chain", "noop"});
  ASSERT_TRUE(WaitUntil([&] { return WorkerOf(cluster) == worker; }));
  EXPECT_THAT(cluster.Ctl({"worker", "list"}).out, HasSubstr("DRAINING"));
  EXPECT_EQ(cluster.Ctl({"worker", "drain", worker}).exit_code, 0);
  EXPECT_EQ(GetJob(cluster, "second").state, "QUEUED");
  EXPECT_EQ(GetJob(cluster, "first").attempt, 1);
  EXPECT_EQ(cluster.Ctl({"worker", "drain", "w-unknown"}).exit_code, 1);
  EXPECT_EQ(cluster.Ctl({"worker", "undrain", worker}).exit_code, 0);
  AwaitState(cluster, "second", "COMPLETED");
}

TEST(Steer, WhatTheSchedulerCannotReadIsAUsageError) {
  const Cluster cluster;
  const ProgramResult result = cluster.Ctl({"job", "list", "--filter", "state ="});
  EXPECT_EQ(result.exit_code, 2) << result.err;
}

}  // namespace
}  // namespace dq
