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
    arguments.insert(arguments.end(), {"--key", "customer_id", "--fill-value", "country=Atlantis"});
    for (const std::string output :
         {"report", "changes", "clusters", "rejects", "profile", "keep-intermediate"}) {
      arguments.insert(arguments.end(), {"--" + output, cluster.Path(where + "." + output)});
    }
    arguments.insert(arguments.end(), {"--output", cluster.Path(where + ".cleaned")});
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = cluster.Ctl(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  };
  clean("fleet", {});
  clean("local", {"--local"});
  for (const std::string output :
       {"cleaned", "changes", "clusters", "rejects", "profile", "keep-intermediate"}) {
    const std::string fleet = ReadTextFile(cluster.Path("fleet." + output));
    EXPECT_FALSE(fleet.empty()) << output;
    EXPECT_TRUE(fleet == ReadTextFile(cluster.Path("local." + output))) << output;
  }
  EXPECT_EQ(TimelessReport(ReadTextFile(cluster.Path("fleet.report"))),
            TimelessReport(ReadTextFile(cluster.Path("local.report"))));
}

// Every part of the form is given, in the end also the packing by its name.
TEST(Clean, TheFormByHandGivesTheSameBytesThroughTheFleetAndOnThisMachine) {
  const Cluster cluster;
  const std::string input = cluster.WriteFile("in.txt",
                                              "written by hand\n1;x\n"
                                              "1;'Z\xFCrich;West';=1+a\n"
                                              "% 2;Rome;3\n3;Oslo;4\n3;Oslo;4\nshort\n");
  const std::vector<std::string> form = {"--format",     "csv",
                                         "--encoding",   "latin-1",
                                         "--delimiter",  ";",
                                         "--quote",      "'",
                                         "--escape",     "none",
                                         "--comment",    "%",
                                         "--skip-lines", "2",
                                         "--no-header",  "--line-end",
                                         "lf",           "--skip-space",
                                         "no",           "--cleaned-format",
                                         "csv",          "--formula-guard"};
  const auto clean = [&](const std::string& where, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"clean", input, "--output", cluster.Path(where)};
    for (const std::string output : {"report", "changes", "clusters", "rejects"}) {
      arguments.insert(arguments.end(), {"--" + output, cluster.Path(where + "." + output)});
    }
    arguments.insert(arguments.end(), form.begin(), form.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = cluster.Ctl(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  };
  clean("fleet.csv", {});
  clean("local.csv", {"--local"});
  EXPECT_EQ(ReadTextFile(cluster.Path("fleet.csv")), "1,Zürich;West,'=1+a\n3,Oslo,4\n");
  for (const std::string output : {"", ".changes", ".clusters", ".rejects"}) {
    const std::string fleet = ReadTextFile(cluster.Path("fleet.csv" + output));
    EXPECT_FALSE(fleet.empty()) << output;
    EXPECT_TRUE(fleet == ReadTextFile(cluster.Path("local.csv" + output))) << output;
  }
  EXPECT_EQ(TimelessReport(ReadTextFile(cluster.Path("fleet.csv.report"))),
            TimelessReport(ReadTextFile(cluster.Path("local.csv.report"))));
  clean("fleet.csv.gz", {});
  clean("local.csv.gz", {"--local"});
  const std::string packed = ReadTextFile(cluster.Path("fleet.csv.gz"));
  EXPECT_EQ(packed.substr(0, 2), "\x1F\x8B");
  EXPECT_TRUE(packed == ReadTextFile(cluster.Path("local.csv.gz")));
}

TEST(Clean, AFormThatCannotBeIsRefusedBeforeAJobIsMade) {
  const Cluster cluster;
  const std::string input = cluster.WriteFile("in.csv", "id,city\n1,Rome\n");
  const ProgramResult clean = cluster.Ctl({"clean", input, "--delimiter", ";", "--quote", ";"});
  EXPECT_EQ(clean.exit_code, 2) << clean.err;
  EXPECT_THAT(clean.err, HasSubstr("BAD_FIELD"));
  EXPECT_THAT(clean.err, HasSubstr("job.spec.form.quote"));
  const ProgramResult local =
      cluster.Ctl({"clean", input, "--local", "--delimiter", ";", "--quote", ";"});
  EXPECT_EQ(local.exit_code, 2) << local.err;
  EXPECT_THAT(local.err, HasSubstr("BAD_FIELD"));
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
