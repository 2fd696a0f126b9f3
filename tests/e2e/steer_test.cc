// Jobs that users steer, over real processes and through dqctl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"

namespace dq {
namespace {

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

TEST(Steer, WhatTheSchedulerCannotReadIsAUsageError) {
  const Cluster cluster;
  const ProgramResult result = cluster.Ctl({"job", "list", "--filter", "state ="});
  EXPECT_EQ(result.exit_code, 2) << result.err;
}

}  // namespace
}  // namespace dq
