// The product end to end: files in, cleaned files out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"

namespace dq {
namespace {

using ::testing::HasSubstr;

std::string DataFile(const std::string& name) {
  return std::string(DQ_SOURCE_DIR) + "/tests/data/" + name;
}

TEST(Clean, TheFleetAndThisMachineGiveTheSameBytesAndReports) {
  const Cluster cluster;
  const auto clean = [&](const std::string& where, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"clean", DataFile("customers_dirty.csv")};
    arguments.insert(arguments.end(), {"--reference", DataFile("customers_reference.csv")});
    arguments.insert(arguments.end(), {"--key", "customer_id"});
    for (const std::string output : {"report", "changes", "clusters", "rejects"}) {
      arguments.insert(arguments.end(), {"--" + output, cluster.Path(where + "." + output)});
    }
    arguments.insert(arguments.end(), {"--output", cluster.Path(where + ".cleaned")});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = cluster.Ctl(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  };
  clean("fleet", {});
  clean("local", {"--local"});
  for (const std::string output : {"cleaned", "changes", "clusters", "rejects"}) {
    const std::string fleet = ReadTextFile(cluster.Path("fleet." + output));
    EXPECT_FALSE(fleet.empty()) << output;
    EXPECT_TRUE(fleet == ReadTextFile(cluster.Path("local." + output))) << output;
  }
  EXPECT_EQ(TimelessReport(ReadTextFile(cluster.Path("fleet.report"))),
            TimelessReport(ReadTextFile(cluster.Path("local.report"))));
}

TEST(Clean, AFileComesBackCleanedAndItsJobIsOnRecord) {
  const Cluster cluster;
  const std::string input = cluster.WriteFile("in.csv", "id,city\n1,Rome\n2,\n1,Rome\n");
  Submit(cluster, "small", {input});
  AwaitState(cluster, "small", "COMPLETED");
  const JobFact job = GetJob(cluster, "small");
  EXPECT_EQ(job.attempt, 1);
  const ProgramResult download =
      cluster.Ctl({"file", "download", job.OutputId("CLEANED"), "-o", "-"});
  EXPECT_EQ(download.exit_code, 0) << download.err;
  EXPECT_EQ(download.out, "id,city\n1,Rome\n2,\n");
  EXPECT_EQ(CountEvents(cluster, "small", "claim"), 1);
  EXPECT_EQ(CountEvents(cluster, "small", "complete"), 1);
}

TEST(Clean, AnyFileNameComesThrough) {
  const Cluster cluster;
  std::string longest = "a";
  for (int i = 0; i < 80; ++i) longest += "表";
  for (const std::string& stem : {longest, std::string("my customers (1) é")}) {
    const std::string input = cluster.WriteFile(stem + ".csv", "id,city\n1,Rome\n1,Rome\n");
    const ProgramResult clean = cluster.Ctl({"clean", input});
    EXPECT_EQ(clean.exit_code, 0) << clean.err;
    EXPECT_EQ(ReadTextFile(cluster.Path(stem + ".cleaned.csv")), "id,city\n1,Rome\n");
  }
}

TEST(Clean, AGateThatDoesNotHoldIsExitCode5AndTheFileIsThere) {
  const Cluster cluster;
  const std::string input = cluster.WriteFile("in.csv", "id,city\n1,\n2,\n");
  const ProgramResult clean =
      cluster.Ctl({"clean", input, "-o", cluster.Path("out.csv"), "--gate", "score>=99.9"});
  EXPECT_EQ(clean.exit_code, 5) << clean.err;
  EXPECT_THAT(clean.err, HasSubstr("GATE_FAILED: the score "));
  EXPECT_EQ(ReadTextFile(cluster.Path("out.csv")), "id,city\n1,\n2,\n");
}

TEST(Clean, AQueuedAndARunningJobAreCancelled) {
  const Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  Submit(cluster, "running", {"--chain", "noop", "--noop-ms", "600000"});
  AwaitState(cluster, "running", "PROCESSING");
  Submit(cluster, "queued", {"--chain", "noop"});
  EXPECT_EQ(cluster.Ctl({"job", "cancel", "queued"}).exit_code, 0);
  EXPECT_EQ(cluster.Ctl({"job", "cancel", "running"}).exit_code, 0);
  EXPECT_EQ(cluster.Ctl({"job", "wait", "running", "--timeout", "20s"}).exit_code, 6);
  EXPECT_EQ(cluster.Ctl({"job", "wait", "queued", "--timeout", "20s"}).exit_code, 6);
  EXPECT_EQ(CountEvents(cluster, "queued", "claim"), 0);
}

}  // namespace
}  // namespace dq
