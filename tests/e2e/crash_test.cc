// Processes that die in the middle of a job: nothing is lost, nothing is done twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "tests/e2e/job_facts.h"
#include "tests/e2e/scripted_worker.h"
#include "tests/support/cluster.h"
#include "tests/support/store_database.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

constexpr int kRows = 50'000;

// A job in the middle of its run: the worker and the stopped child process.
struct StoppedJob {
  size_t worker = 0;
  pid_t child = -1;
};

// Waits until one of the cluster's workers runs a job in a child process, and stops that child in
// its tracks.
std::optional<StoppedJob> StopRunningJob(Cluster& cluster, size_t workers) {
  std::optional<StoppedJob> job;
  (void)WaitUntil([&] {
    for (size_t i = 0; i < workers && !job.has_value(); ++i) {
      const std::vector<pid_t> children = cluster.worker(i).Children();
      if (!children.empty()) job = {.worker = i, .child = children[0]};
    }
    return job.has_value();
  });
  if (!job.has_value() || ::kill(job->child, SIGSTOP) != 0) return std::nullopt;
  return job;
}

// Whether a process that is nobody's child here is gone, or waits only to be reaped.
bool HasEnded(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text{std::istreambuf_iterator<char>(stat), {}};
  const size_t name_end = text.rfind(')');
  return name_end == std::string::npos || text.substr(name_end).starts_with(") Z");
}

bool ManifestExists(const Cluster& cluster, const std::string& job) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cluster.storage_root())) {
    const std::string path = entry.path();
    if (path.find("/" + job + "/") != std::string::npos && path.ends_with("/manifest.json")) {
      return true;
    }
  }
  return false;
}

TEST(Crash, AWorkerKilledInTheMiddleOfAJobIsReplacedAndTheResultIsTheSame) {
  Cluster cluster({.workers = 2, .slots = 1, .scheduler_flags = {}});
  const std::string input = cluster.WriteFile("in.csv", SomeCustomers(kRows));
  Submit(cluster, "undisturbed", {input});
  AwaitState(cluster, "undisturbed", "COMPLETED");
  Submit(cluster, "disturbed", {input});
  const std::optional<StoppedJob> stopped = StopRunningJob(cluster, 2);
  ASSERT_TRUE(stopped.has_value());
  AwaitState(cluster, "disturbed", "PROCESSING");
  const std::string first = GetJob(cluster, "disturbed").worker;
  cluster.worker(stopped->worker).Kill9();
  // One that was stopped before it had asked to die with its parent sees that when it goes on.
  ::kill(stopped->child, SIGCONT);
  EXPECT_TRUE(WaitUntil([&] { return HasEnded(stopped->child); })) << "the job's child lives on";
  AwaitState(cluster, "disturbed", "COMPLETED");
  const JobFact got = GetJob(cluster, "disturbed");
  const JobFact want = GetJob(cluster, "undisturbed");
  EXPECT_EQ(got.attempt, 2);
  EXPECT_NE(got.worker, first);
  for (const std::string kind : {"CLEANED", "CHANGES", "CLUSTERS"}) {
    EXPECT_FALSE(got.OutputSha256(kind).empty()) << kind;
    EXPECT_EQ(got.OutputSha256(kind), want.OutputSha256(kind)) << kind;
  }
  EXPECT_EQ(CountEvents(cluster, "disturbed", "claim"), 2);
  EXPECT_EQ(CountEvents(cluster, "disturbed", "complete"), 1);
}

TEST(Crash, AJobThatEndsWhileTheSchedulerIsDeadIsNotStartedAgainAndItsCompletionRecorded) {
  Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {{"--lease-ttl", "30"}}});
  Submit(cluster, "orphan", {cluster.WriteFile("in.csv", SomeCustomers(kRows))});
  const std::optional<StoppedJob> stopped = StopRunningJob(cluster, 1);
  ASSERT_TRUE(stopped.has_value());
  AwaitState(cluster, "orphan", "PROCESSING");
  cluster.scheduler().Kill9();
  ::kill(stopped->child, SIGCONT);
  EXPECT_TRUE(WaitUntil([&] { return ManifestExists(cluster, "orphan"); }));
  cluster.RestartScheduler();
  AwaitState(cluster, "orphan", "COMPLETED");
  const JobFact job = GetJob(cluster, "orphan");
  EXPECT_EQ(job.attempt, 1);
  EXPECT_FALSE(job.OutputSha256("CLEANED").empty());
  EXPECT_EQ(CountEvents(cluster, "orphan", "claim"), 1);
  EXPECT_EQ(CountEvents(cluster, "orphan", "complete"), 1);
}

TEST(Crash, AcknowledgedJobsSurviveTheSchedulerAndRunOnce) {
  Cluster cluster({.workers = 0, .slots = 1, .scheduler_flags = {}});
  for (const std::string id : {"a", "b", "c"}) Submit(cluster, id, {"--chain", "noop"});
  cluster.RestartScheduler();
  ScriptedWorker worker(cluster.address(), "w-late");
  for (int i = 0; i < 3; ++i) worker.CompleteAndAwaitClosed(worker.AwaitGrant());
  for (const std::string id : {"a", "b", "c"}) {
    AwaitState(cluster, id, "COMPLETED");
    EXPECT_EQ(GetJob(cluster, id).attempt, 1);
  }
}

TEST(Crash, ADatabaseThatDiesUnderARunningJobCostsNoAttempt) {
  Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {{"--lease-ttl", "30"}}});
  Submit(cluster, "steady", {cluster.WriteFile("in.csv", SomeCustomers(kRows))});
  const std::optional<StoppedJob> stopped = StopRunningJob(cluster, 1);
  ASSERT_TRUE(stopped.has_value());
  AwaitState(cluster, "steady", "PROCESSING");
  TestServer().Kill9();
  ::kill(stopped->child, SIGCONT);
  EXPECT_TRUE(WaitUntil([&] { return ManifestExists(cluster, "steady"); }));
  ASSERT_TRUE(TestServer().Restart().ok());
  AwaitState(cluster, "steady", "COMPLETED");
  EXPECT_EQ(GetJob(cluster, "steady").attempt, 1);
  EXPECT_EQ(CountEvents(cluster, "steady", "claim"), 1);
  EXPECT_EQ(CountEvents(cluster, "steady", "complete"), 1);
}

TEST(Crash, AStaleCompletionIsRefused) {
  Cluster cluster({.workers = 0, .slots = 1, .scheduler_flags = {}});
  Submit(cluster, "contested", {"--chain", "noop"});
  v1::Lease stale;
  {
    ScriptedWorker zombie(cluster.address(), "w-zombie");
    stale = zombie.AwaitGrant();
    EXPECT_EQ(stale.attempt(), 1);
  }
  ScriptedWorker heir(cluster.address(), "w-heir");
  const v1::Lease lease = heir.AwaitGrant();
  EXPECT_EQ(lease.attempt(), 2);
  ScriptedWorker zombie(cluster.address(), "w-zombie");
  zombie.CompleteAndAwaitClosed(stale);
  EXPECT_EQ(GetJob(cluster, "contested").state, "PROCESSING");
  EXPECT_EQ(CountEvents(cluster, "contested", "complete"), 0);
  heir.CompleteAndAwaitClosed(lease);
  AwaitState(cluster, "contested", "COMPLETED");
  const JobFact job = GetJob(cluster, "contested");
  EXPECT_EQ(job.attempt, 2);
  EXPECT_EQ(job.worker, "w-heir");
  EXPECT_EQ(CountEvents(cluster, "contested", "complete"), 1);
}

}  // namespace
}  // namespace dq
