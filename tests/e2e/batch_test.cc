// Batches of many files, over real processes and through dqctl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr int kFailedExit = 3;
constexpr int kCancelledExit = 6;

Json Batch(const Cluster& cluster, const std::string& id) {
  const ProgramResult result = cluster.Ctl({"batch", "get", id, "-o", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

int64_t Count(const Json& batch, const std::string& state) {
  return std::stoll(batch.at("counts").at(state).get<std::string>());
}

// Writes `files` small tables into a folder and returns its path.
std::string WriteTables(const Cluster& cluster, int files) {
  const std::string folder = cluster.Path("tables");
  std::filesystem::create_directories(folder);
  for (int i = 1; i <= files; ++i) {
    const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
    cluster.WriteFile("tables/t" + number + ".csv",
                      "id,name\n1,table " + number + "\n2,b\n2,b\n3,\n");
  }
  cluster.WriteFile("tables/notes.txt", "not a table");
  return folder;
}

// Returns where the bytes of the file with this own name are.
std::string PlaceOf(const Cluster& cluster, const std::string& display_name) {
  const ProgramResult list = cluster.Ctl({"file", "list", "--limit", "1000", "-o", "json"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  constexpr std::string_view kScheme = "file:///";
  for (const Json& file : Json::parse(list.out, nullptr, /*allow_exceptions=*/false)) {
    if (file.at("display_name") != display_name) continue;
    return cluster.storage_root() + "/" + file.at("uri").get<std::string>().substr(kScheme.size());
  }
  ADD_FAILURE() << "no file " << display_name;
  return "";
}

int CountJobs(const Cluster& cluster, const std::string& filter) {
  const ProgramResult list =
      cluster.Ctl({"job", "list", "--filter", filter, "--limit", "1000", "-o", "ndjson"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  return static_cast<int>(std::ranges::count(list.out, '\n'));
}

TEST(Batch, ADirectoryWithBrokenFilesIsAPartialSuccessAndARetryRunsOnlyThese) {
  const Cluster cluster({.workers = 2, .slots = 2, .scheduler_flags = {}});
  std::vector<std::string> command = {
      "batch",   "submit",   "--dir",          WriteTables(cluster, 50),
      "--glob",  "*.csv",    "--max-attempts", "1",
      "--queue", "one-only", "--batch-id",     "Refused"};
  EXPECT_EQ(cluster.Ctl(command).exit_code, 2);
  EXPECT_EQ(cluster.Ctl({"file", "list", "-o", "json"}).out, "[]\n") << "what was uploaded stays";
  command.back() = "all";
  // Nothing of the batch begins before three files are broken.
  ASSERT_EQ(cluster.Ctl({"queue", "set", "one-only", "--running-max", "1"}).exit_code, 0);
  Submit(cluster, "first", {"--chain", "noop", "--noop-ms", "600000", "--queue", "one-only"});
  AwaitState(cluster, "first", "PROCESSING");
  const ProgramResult made = cluster.Ctl(command);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  std::vector<std::string> broken;
  for (const char* name : {"t07.csv", "t20.csv", "t50.csv"}) {
    broken.push_back(PlaceOf(cluster, name));
    std::filesystem::rename(broken.back(), broken.back() + ".hidden");
  }
  ASSERT_EQ(cluster.Ctl({"job", "cancel", "first"}).exit_code, 0);
  ASSERT_EQ(cluster.Ctl({"queue", "set", "one-only"}).exit_code, 0);
  const ProgramResult end = cluster.Ctl({"batch", "watch", "all", "--timeout", "120s"});
  EXPECT_EQ(end.exit_code, kFailedExit) << end.err;
  EXPECT_THAT(end.err, HasSubstr("PARTIAL_SUCCESS, 47 / 50 completed, 3 failed"));
  EXPECT_THAT(end.err, HasSubstr("t07.csv  FILE_MISSING"));
  EXPECT_EQ(CountJobs(cluster, "batch = \"all\" AND state = \"FAILED\""), 3);

  for (const std::string& place : broken) std::filesystem::rename(place + ".hidden", place);
  EXPECT_EQ(cluster.Ctl({"batch", "retry", "all", "--reason", "mended"}).exit_code, 0);
  const ProgramResult mended = cluster.Ctl({"batch", "watch", "all", "--timeout", "120s"});
  EXPECT_EQ(mended.exit_code, 0) << mended.err;
  EXPECT_EQ(Batch(cluster, "all").at("state"), "BATCH_STATE_COMPLETED");
  EXPECT_EQ(Count(Batch(cluster, "all"), "completed"), 50);
  EXPECT_EQ(CountJobs(cluster, "batch = \"all\""), 50);
  EXPECT_EQ(GetJob(cluster, "all-7").attempt, 2);
  EXPECT_EQ(GetJob(cluster, "all-8").attempt, 1);
  const ProgramResult fetched =
      cluster.Ctl({"batch", "results", "all", "--output-dir", cluster.Path("cleaned")});
  EXPECT_EQ(fetched.exit_code, 0) << fetched.err;
  EXPECT_EQ(std::ranges::count(fetched.out, '\n'), 50);
  EXPECT_EQ(ReadTextFile(cluster.Path("cleaned/t07.cleaned.csv")),
            "id,name\n1,table 07\n2,b\n3,\n");
}

TEST(Batch, ABatchOutlivesItsSchedulerAndIsCancelledByTheNextOne) {
  Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  const std::string folder = WriteTables(cluster, 12);
  ASSERT_EQ(cluster.Ctl({"batch", "submit", "--dir", folder, "--batch-id", "row", "--sequential"})
                .exit_code,
            0);
  ASSERT_TRUE(WaitUntil([&] { return Count(Batch(cluster, "row"), "completed") >= 2; }));
  cluster.RestartScheduler();
  ASSERT_TRUE(WaitUntil([&] { return Count(Batch(cluster, "row"), "completed") >= 4; }));
  EXPECT_EQ(cluster.Ctl({"batch", "cancel", "row", "--reason", "enough"}).exit_code, 0);
  const ProgramResult end = cluster.Ctl({"batch", "watch", "row", "--timeout", "60s"});
  EXPECT_EQ(end.exit_code, kCancelledExit) << end.err;
  EXPECT_EQ(cluster.Ctl({"batch", "cancel", "row"}).exit_code, 0);
  const Json batch = Batch(cluster, "row");
  EXPECT_EQ(Count(batch, "completed") + Count(batch, "cancelled") + Count(batch, "skipped"), 13);
  EXPECT_GT(Count(batch, "skipped"), 0);
  EXPECT_EQ(CountJobs(cluster, "batch = \"row\""), 13);  // The notes fit "*" too.
}

TEST(Batch, ASequenceThatStopsOnErrorsSkipsTheRest) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  std::vector<std::string> command = {"batch",        "submit",          "--batch-id",     "row",
                                      "--sequential", "--stop-on-error", "--max-attempts", "1"};
  for (const char* id : {"one", "two", "three", "four"}) {
    const bool broken = std::string(id) == "two";
    command.push_back(cluster.WriteFile(std::string(id) + ".csv", broken ? "" : "id,name\n1,a\n"));
  }
  ASSERT_EQ(cluster.Ctl(command).exit_code, 0);
  const ProgramResult end = cluster.Ctl({"batch", "watch", "row", "--timeout", "60s"});
  EXPECT_EQ(end.exit_code, kFailedExit) << end.err;
  EXPECT_THAT(end.err, HasSubstr("PARTIAL_SUCCESS, 1 / 4 completed, 1 failed, 2 skipped"));
  EXPECT_EQ(GetJob(cluster, "row-1").state, "COMPLETED");
  EXPECT_EQ(GetJob(cluster, "row-2").state, "FAILED");
  EXPECT_EQ(GetJob(cluster, "row-3").state, "SKIPPED");
  EXPECT_EQ(GetJob(cluster, "row-4").error_reason, "BATCH_STOPPED");
}

}  // namespace
}  // namespace dq
