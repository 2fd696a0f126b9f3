// Batches of files that lie on the server, and generated ones, over real processes and through
// dqctl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr int kFailedExit = 3;

Json Batch(const Cluster& cluster, const std::string& id) {
  const ProgramResult result = cluster.Ctl({"batch", "get", id, "-o", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return Json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

// Returns a number of the expansion; 0 while there is none.
int64_t Expansion(const Cluster& cluster, const std::string& id, const std::string& number) {
  return std::stoll(Batch(cluster, id).at("expansion").value(number, "0"));
}

std::string ExpansionState(const Cluster& cluster, const std::string& id) {
  return Batch(cluster, id).at("expansion").at("state");
}

// Returns a path beneath the storage root, with the directories above it made.
fs::path Stored(const Cluster& cluster, const std::string& key) {
  const fs::path path = fs::path(cluster.storage_root()) / key;
  fs::create_directories(path.parent_path());
  return path;
}

TEST(BatchSource, FilesOnTheServerOfWhichSomeAreGoneAreAPartialSuccessAndARetryRunsOnlyThese) {
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  for (int i = 10; i < 60; ++i) {
    std::ofstream(Stored(cluster, "exports/t" + std::to_string(i) + ".csv"))
        << "id,name\n1,a\n1,a\n2,b\n";
  }
  std::ofstream(Stored(cluster, "exports/notes.txt")) << "not a table";
  cluster.worker(0).Kill9();  // Nothing runs until the files are broken.
  const ProgramResult made = cluster.Ctl({"batch", "submit", "--server-dir", "exports", "--glob",
                                          "*.csv", "--batch-id", "night", "--max-attempts", "1"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  ASSERT_TRUE(WaitUntil(
      [&] { return ExpansionState(cluster, "night") == "BATCH_EXPANSION_STATE_EXPANDED"; }));
  EXPECT_EQ(Expansion(cluster, "night", "found"), 50);
  for (const char* name : {"t17.csv", "t30.csv", "t59.csv"}) {
    fs::rename(Stored(cluster, std::string("exports/") + name), Stored(cluster, name));
  }
  cluster.RestartWorker(0);
  const ProgramResult end = cluster.Ctl({"batch", "watch", "night", "--timeout", "120s"});
  EXPECT_EQ(end.exit_code, kFailedExit) << end.err;
  EXPECT_THAT(end.err, HasSubstr("PARTIAL_SUCCESS, 47 / 50 completed, 3 failed"));
  EXPECT_THAT(end.err, HasSubstr("t17.csv  FILE_MISSING"));

  for (const char* name : {"t17.csv", "t30.csv", "t59.csv"}) {
    fs::rename(Stored(cluster, name), Stored(cluster, std::string("exports/") + name));
  }
  EXPECT_EQ(cluster.Ctl({"batch", "retry", "night"}).exit_code, 0);
  const ProgramResult mended = cluster.Ctl({"batch", "watch", "night", "--timeout", "120s"});
  EXPECT_EQ(mended.exit_code, 0) << mended.err;
  EXPECT_THAT(mended.out, HasSubstr("exports"));
  EXPECT_EQ(GetJob(cluster, "night-8").attempt, 2);
  EXPECT_EQ(GetJob(cluster, "night-9").attempt, 1);
}

TEST(BatchSource, ALeaderThatIsKilledInTheMiddleOfTheExpansionIsFollowedByOneThatGoesOn) {
  constexpr int kFiles = 24;
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  for (int i = 0; i < kFiles; ++i) {
    const fs::path path = Stored(cluster, "big/" + std::to_string(100 + i));
    std::ofstream{path};
    fs::resize_file(path, 64 << 20);  // Takes a while to hash.
  }
  ASSERT_EQ(
      cluster
          .Ctl({"batch", "submit", "--server-dir", "big", "--chain", "noop", "--batch-id", "big"})
          .exit_code,
      0);
  ASSERT_TRUE(WaitUntil([&] { return Expansion(cluster, "big", "recorded") > 0; }));
  cluster.scheduler().Kill9();
  cluster.RestartScheduler();
  const ProgramResult end = cluster.Ctl({"batch", "watch", "big", "--timeout", "120s"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(Expansion(cluster, "big", "recorded"), kFiles);
  const ProgramResult list =
      cluster.Ctl({"job", "list", "--filter", "batch = \"big\"", "--limit", "1000", "-o", "json"});
  std::multiset<std::string> names;
  for (const Json& job : Json::parse(list.out, nullptr, /*allow_exceptions=*/false)) {
    names.insert(job.at("display_name"));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kFiles));
  for (int i = 0; i < kFiles; ++i) EXPECT_EQ(names.count(std::to_string(100 + i)), 1U) << i;
}

TEST(BatchSource, GeneratedOperationsRunAndAMissingDirectorySaysWhatToDo) {
  const Cluster cluster({.workers = 1, .slots = 8, .scheduler_flags = {}});
  ASSERT_EQ(cluster
                .Ctl({"batch", "submit", "--generate", "700", "--chain", "noop", "--operation-name",
                      "run {index}", "--batch-id", "many"})
                .exit_code,
            0);
  const ProgramResult end = cluster.Ctl({"batch", "watch", "many", "--timeout", "120s"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_THAT(end.err, HasSubstr("COMPLETED, 700 / 700 completed"));
  const ProgramResult job = cluster.Ctl({"job", "get", "many-700"});
  EXPECT_THAT(job.out, HasSubstr("run 700"));

  ASSERT_EQ(
      cluster.Ctl({"batch", "submit", "--server-dir", "none", "--batch-id", "none"}).exit_code, 0);
  const ProgramResult failed = cluster.Ctl({"batch", "watch", "none", "--timeout", "60s"});
  EXPECT_EQ(failed.exit_code, kFailedExit);
  EXPECT_THAT(failed.out + failed.err, HasSubstr("DIRECTORY_MISSING"));
  EXPECT_EQ(cluster.Ctl({"batch", "submit", "--server-dir", "../etc"}).exit_code, 2);
}

}  // namespace
}  // namespace dq
