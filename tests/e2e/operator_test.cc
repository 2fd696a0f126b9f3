// What operators do to many jobs, over real processes and through dqctl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

Json Stats(const Cluster& cluster) {
  const ProgramResult result = cluster.Ctl({"admin", "stats", "-o", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

TEST(Operator, TenThousandJobsAreCancelledByOneCommand) {
  const Cluster cluster({.workers = 0, .slots = 1, .scheduler_flags = {}});
  std::string lines;
  for (int i = 0; i < 10'000; ++i) {
    lines += R"({"job": {"spec": {"queue": "nightly", "stages": [{"noop": {}}]}}})"
             "\n";
  }
  const std::string file = cluster.WriteFile("jobs.jsonl", lines);
  ASSERT_EQ(cluster.Ctl({"job", "submit", "--from-file", file}).exit_code, 0);
  Submit(cluster, "other", {"--chain", "noop"});
  const std::vector<std::string> command = {
      "admin", "bulk", "cancel", "--filter", "queue = \"nightly\"", "--reason", "wrong input"};
  const ProgramResult dry = cluster.Ctl(command);
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.err, HasSubstr("10,000 jobs would be acted on"));
  EXPECT_EQ(Stats(cluster).at("jobs_by_state").at("QUEUED"), "10001");
  std::vector<std::string> forced = command;
  forced.push_back("--force");
  const ProgramResult done = cluster.Ctl(forced);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("10,000 of 10,000 jobs done, 0 refused"));
  const Json stats = Stats(cluster);
  EXPECT_EQ(stats.at("jobs_by_state").at("CANCELLED"), "10000");
  EXPECT_EQ(stats.at("jobs_by_state").at("QUEUED"), "1");
  EXPECT_EQ(stats.at("windows").at(2).at("cancelled"), "10000");
  EXPECT_THAT(cluster.Ctl(forced).err, HasSubstr("0 of 0 jobs done"));
}

TEST(Operator, AJobThatNoWorkerTakesIsFoundAndFailed) {
  const Cluster cluster({.workers = 0, .slots = 1, .scheduler_flags = {}});
  Submit(cluster, "lonely", {"--chain", "noop"});
  ASSERT_TRUE(WaitUntil([&] {
    return cluster.Ctl({"admin", "stuck", "--waiting-for", "1s"}).err.find("1 stuck jobs") == 0;
  }));
  EXPECT_THAT(cluster.Ctl({"admin", "stuck", "--waiting-for", "1s"}).out, HasSubstr("NO_WORKER"));
  EXPECT_THAT(cluster.Ctl({"admin", "concurrency"}).out, HasSubstr("queues/default"));
  const ProgramResult failed =
      cluster.Ctl({"admin", "recover", "fail", "lonely", "--waiting-for", "1s", "--force"});
  EXPECT_EQ(failed.exit_code, 0) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("1 of 1 stuck jobs recovered"));
  EXPECT_EQ(GetJob(cluster, "lonely").error_reason, "RECOVERED");
}

}  // namespace
}  // namespace dq
