// Schedules over real processes and through dqctl, also while schedulers die.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr absl::Duration kPatience = absl::Seconds(60);

Json Schedule(const Cluster& cluster, const std::string& id) {
  const ProgramResult result = cluster.Ctl({"schedule", "get", id, "-o", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

int64_t Number(const Json& schedule, const std::string& field) {
  return std::stoll(schedule.at(field).get<std::string>());
}

// The jobs of a schedule: their ids, in any order, and whether all are COMPLETED.
struct JobsOfSchedule {
  std::multiset<std::string> names;
  bool all_completed = true;
};

JobsOfSchedule JobsOf(const Cluster& cluster, const std::string& schedule) {
  const ProgramResult list =
      cluster.Ctl({"job", "list", "--filter", "labels.schedule = \"" + schedule + "\"", "--limit",
                   "1000", "-o", "json"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  JobsOfSchedule jobs;
  for (const Json& job : Json::parse(list.out, nullptr, /*allow_exceptions=*/false)) {
    jobs.names.insert(job.at("name"));
    jobs.all_completed = jobs.all_completed && job.at("state") == "JOB_STATE_COMPLETED";
  }
  return jobs;
}

// Waits until the schedule has had `runs` runs at least and all of them have ended.
bool AwaitRuns(const Cluster& cluster, const std::string& id, int64_t runs) {
  return WaitUntil(
      [&] {
        const Json schedule = Schedule(cluster, id);
        if (Number(schedule, "runs") < runs) return false;
        for (const Json& run : schedule.at("recent_runs")) {
          if (!run.contains("end_time")) return false;
        }
        return true;
      },
      kPatience);
}

void CreateNoop(const Cluster& cluster, const std::string& id,
                const std::vector<std::string>& options) {
  std::vector<std::string> command = {"schedule",      "create", "--chain",   "noop",
                                      "--noop-ms",     "20",     "--overlap", "queue",
                                      "--schedule-id", id};
  command.insert(command.end(), options.begin(), options.end());
  const ProgramResult created = cluster.Ctl(command);
  ASSERT_EQ(created.exit_code, 0) << created.err;
}

// Returns when no minute begins for a while.
void AwaitMiddleOfMinute() {
  const auto is_middle = [] {
    const int64_t second = absl::ToUnixSeconds(absl::Now()) % 60;
    return second >= 1 && second < 40;
  };
  ASSERT_TRUE(WaitUntil(is_middle, kPatience));
}

TEST(Schedule, WhatWasMissedBetweenTwoLeadersRunsOnceEach) {
  AwaitMiddleOfMinute();  // A minute that has come before the kill would come twice below.
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  CreateNoop(cluster, "tick", {"--cron", "* * * * *", "--catch-up", "10m"});
  ASSERT_EQ(cluster.Ctl({"schedule", "trigger", "tick"}).exit_code, 0);
  ASSERT_TRUE(AwaitRuns(cluster, "tick", 1));
  // As if nobody had led for twenty minutes, of which ten are made up for.
  cluster.scheduler().Kill9();
  cluster.ExecuteSql(
      "UPDATE schedule SET decided_until = decided_until - interval '20 minutes', "
      "look_time = now()");
  cluster.RestartScheduler();
  ASSERT_TRUE(AwaitRuns(cluster, "tick", 11));
  cluster.RestartScheduler();
  ASSERT_EQ(cluster.Ctl({"schedule", "pause", "tick"}).exit_code, 0);
  ASSERT_TRUE(AwaitRuns(cluster, "tick", 11));
  const Json schedule = Schedule(cluster, "tick");
  std::set<std::string> times;
  int fired = 0;
  for (const Json& run : schedule.at("recent_runs")) {
    EXPECT_EQ(run.at("state"), "SCHEDULE_RUN_STATE_COMPLETED");
    if (run.at("triggered").get<bool>()) continue;
    ++fired;
    times.insert(run.at("fire_time").get<std::string>());
  }
  // Minutes go on meanwhile.
  EXPECT_GE(fired, 10);
  EXPECT_EQ(std::ssize(times), fired);
  EXPECT_GE(Number(schedule, "missed"), 9);
  EXPECT_LE(Number(schedule, "missed"), 10);
  const JobsOfSchedule jobs = JobsOf(cluster, "tick");
  EXPECT_EQ(std::ssize(jobs.names), Number(schedule, "runs"));
  EXPECT_TRUE(jobs.all_completed);
}

TEST(Schedule, EveryTriggerRunsOnceThoughLeadersDieMeanwhile) {
  constexpr int kTriggers = 15;
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  CreateNoop(cluster, "often", {"--cron", "0 0 1 1 *"});
  for (int i = 1; i <= kTriggers; ++i) {
    ASSERT_EQ(cluster.Ctl({"schedule", "trigger", "often"}).exit_code, 0);
    if (i % 5 == 0) cluster.RestartScheduler();
  }
  ASSERT_TRUE(AwaitRuns(cluster, "often", kTriggers));
  EXPECT_EQ(Number(Schedule(cluster, "often"), "runs"), kTriggers);
  const JobsOfSchedule jobs = JobsOf(cluster, "often");
  EXPECT_EQ(jobs.names.size(), size_t{kTriggers});
  EXPECT_TRUE(jobs.all_completed);
}

TEST(Schedule, AFileIsCleanedAgainAndSeveralAreABatch) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  const std::string one = cluster.WriteFile("one.csv", "id,name\n1,a\n1,a\n2,\n");
  const std::string two = cluster.WriteFile("two.csv", "id,name\n1,a\n");
  ASSERT_EQ(cluster
                .Ctl({"schedule", "create", one, "--cron", "30 2 * * *", "--time-zone",
                      "Europe/Berlin", "--schedule-id", "nightly", "--display-name", "every night"})
                .exit_code,
            0);
  ASSERT_EQ(cluster.Ctl({"schedule", "trigger", "nightly"}).exit_code, 0);
  ASSERT_TRUE(AwaitRuns(cluster, "nightly", 1));
  const JobsOfSchedule jobs = JobsOf(cluster, "nightly");
  ASSERT_EQ(jobs.names.size(), 1U);
  EXPECT_TRUE(jobs.all_completed);
  ASSERT_EQ(cluster
                .Ctl({"schedule", "create", one, two, "--cron", "@daily", "--schedule-id", "both",
                      "--sequential"})
                .exit_code,
            0);
  ASSERT_EQ(cluster.Ctl({"schedule", "trigger", "both"}).exit_code, 0);
  ASSERT_TRUE(AwaitRuns(cluster, "both", 1));
  EXPECT_EQ(JobsOf(cluster, "both").names.size(), 2U);

  const ProgramResult list = cluster.Ctl({"schedule", "list"});
  EXPECT_THAT(list.out, HasSubstr("nightly   30 2 * * *  Europe/Berlin"));
  EXPECT_THAT(list.out, HasSubstr("every night"));
  EXPECT_EQ(cluster.Ctl({"schedule", "update", "nightly", "--cron", "0 4 * * *"}).exit_code, 0);
  EXPECT_THAT(cluster.Ctl({"schedule", "pause", "nightly"}).out, HasSubstr("0 4 * * *"));
  EXPECT_THAT(cluster.Ctl({"schedule", "list"}).out, HasSubstr("paused"));
  EXPECT_THAT(cluster.Ctl({"schedule", "resume", "nightly"}).out, HasSubstr("next (UTC)"));
  EXPECT_EQ(cluster.Ctl({"schedule", "update", "nightly"}).exit_code, 2);
  EXPECT_EQ(cluster.Ctl({"schedule", "update", "nightly", "--cron", "0 0 30 2 *"}).exit_code, 2);
  EXPECT_EQ(cluster.Ctl({"schedule", "create", one, "--cron", "@daily", "--sequential"}).exit_code,
            2);
  const std::string files = cluster.Ctl({"file", "list"}).out;
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--cron", "0 0 30 2 *"},
                                                {"--cron", "@daily", "--time-zone", "Mars/Olympus"},
                                                {"--cron", "@daily", "--schedule-id", "nightly"}}) {
    std::vector<std::string> command = {"schedule", "create", two};
    command.insert(command.end(), wrong.begin(), wrong.end());
    EXPECT_NE(cluster.Ctl(command).exit_code, 0);
  }
  EXPECT_EQ(cluster.Ctl({"file", "list"}).out, files) << "an upload was left behind";
  EXPECT_EQ(cluster.Ctl({"schedule", "delete", "nightly"}).exit_code, 0);
  EXPECT_EQ(cluster.Ctl({"schedule", "get", "nightly"}).exit_code, 1);
  EXPECT_EQ(JobsOf(cluster, "nightly").names, jobs.names);
}

}  // namespace
}  // namespace dq
