// Deleting and retention, over real processes and through dqctl.
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

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr int kErrorExit = 1;
constexpr int kDeletedExit = 6;

// Returns how many plain files lie beneath the storage root.
int64_t StoredFiles(const Cluster& cluster) {
  return std::ranges::count_if(
      fs::recursive_directory_iterator(cluster.storage_root()),
      [](const fs::directory_entry& entry) { return entry.is_regular_file(); });
}

// Cleans a small file as job `id`.
void Clean(const Cluster& cluster, const std::string& id) {
  Submit(cluster, id, {cluster.WriteFile(id + ".csv", SomeCustomers(50))});
  AwaitState(cluster, id, "COMPLETED");
}

TEST(Deletion, AFinishedJobGoesWithItsFilesAndItsHistoryStays) {
  const Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  Clean(cluster, "j");
  const std::string output = GetJob(cluster, "j").OutputId("CLEANED");
  const int64_t stored = StoredFiles(cluster);
  const ProgramResult deleted = cluster.Ctl({"job", "delete", "j", "--reason", "not wanted"});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  EXPECT_THAT(deleted.out, HasSubstr("projects/default/jobs/j"));
  EXPECT_EQ(cluster.Ctl({"job", "get", "j"}).exit_code, kErrorExit);
  EXPECT_THAT(cluster.Ctl({"job", "get", "j"}).err, HasSubstr("was deleted by"));
  EXPECT_THAT(cluster.Ctl({"report", "show", "j"}).err, HasSubstr("NOT_FOUND"));
  EXPECT_THAT(cluster.Ctl({"file", "get", output}).err, HasSubstr("FILE_NOT_FOUND"));
  EXPECT_EQ(cluster.Ctl({"job", "wait", "j"}).exit_code, kDeletedExit);
  EXPECT_EQ(GetEvents(cluster, "j").back().event, "delete");
  // Its input is all that stays.
  EXPECT_TRUE(WaitUntil([&] { return StoredFiles(cluster) == 1; })) << stored;
  EXPECT_FALSE(fs::exists(cluster.storage_root() + "/projects/default/jobs/j"));
  EXPECT_EQ(cluster.Ctl({"job", "delete", "j"}).exit_code, 0) << "twice is no error";
}

TEST(Deletion, ARestartedSchedulerPaysWhatStorageIsOwed) {
  Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  Clean(cluster, "j");
  const std::string folder = cluster.storage_root() + "/projects/default/jobs/j";
  ASSERT_TRUE(fs::exists(folder));
  cluster.scheduler().Kill9();
  // As if it had died between the record and the files.
  cluster.ExecuteSql(
      "INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri) SELECT 'default', 'j', "
      "manifest_uri, '[]', '' FROM job_result; DELETE FROM job_result; DELETE FROM job");
  cluster.RestartScheduler();
  EXPECT_TRUE(WaitUntil([&] { return !fs::exists(folder); }));
}

TEST(Deletion, BulkDeletionOnlySaysWhichJobsUntilItIsForced) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  for (const char* id : {"a", "b", "c"}) Submit(cluster, id, {"--chain", "noop"});
  for (const char* id : {"a", "b", "c"}) AwaitState(cluster, id, "COMPLETED");
  std::vector<std::string> command = {"admin", "bulk", "delete", "--filter", "state = COMPLETED"};
  const ProgramResult dry = cluster.Ctl(command);
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.err, HasSubstr("3 jobs would be acted on"));
  EXPECT_EQ(GetJob(cluster, "b").state, "COMPLETED");
  command.push_back("--force");
  const ProgramResult done = cluster.Ctl(command);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("3 of 3 jobs done, 0 refused"));
  EXPECT_EQ(cluster.Ctl({"job", "list", "-o", "ndjson"}).out, "");
}

TEST(Deletion, ABatchIsDeletedWhole) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = {}});
  const std::string one = cluster.WriteFile("one.csv", SomeCustomers(5));
  const std::string two = cluster.WriteFile("two.csv", SomeCustomers(6));
  ASSERT_EQ(cluster.Ctl({"batch", "submit", one, two, "--batch-id", "b"}).exit_code, 0);
  ASSERT_EQ(cluster.Ctl({"batch", "watch", "b", "--timeout", "60s"}).exit_code, 0);
  const ProgramResult alone = cluster.Ctl({"job", "delete", "b-1"});
  EXPECT_EQ(alone.exit_code, kErrorExit);
  EXPECT_THAT(alone.err, HasSubstr("IN_USE"));
  const ProgramResult deleted = cluster.Ctl({"batch", "delete", "b", "--with-input"});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  EXPECT_THAT(cluster.Ctl({"batch", "get", "b"}).err, HasSubstr("BATCH_NOT_FOUND"));
  EXPECT_TRUE(WaitUntil([&] { return StoredFiles(cluster) == 0; }));
}

TEST(Deletion, RetentionDeletesWhatEndedLongAgoWithItsFiles) {
  const Cluster cluster({.workers = 1,
                         .slots = 1,
                         .scheduler_flags = {{"--retain-finished-days", "0.00002"},
                                             {"--retention-interval", "0.1"}}});
  Submit(cluster, "j", {cluster.WriteFile("j.csv", SomeCustomers(20))});
  EXPECT_TRUE(WaitUntil([&] { return cluster.Ctl({"job", "get", "j"}).exit_code == kErrorExit; }));
  const std::vector<EventFact> events = GetEvents(cluster, "j");
  EXPECT_EQ(events.back().event, "delete");
  EXPECT_TRUE(WaitUntil([&] { return StoredFiles(cluster) == 1; }))
      << "an upload stays for an hour at least";
  cluster.ExecuteSql("UPDATE file SET create_time = now() - interval '2 hours'");
  EXPECT_TRUE(WaitUntil([&] { return StoredFiles(cluster) == 0; }));
}

TEST(Deletion, RetentionDeletesOldUploadsThatNothingNames) {
  const Cluster cluster({.workers = 0,
                         .slots = 1,
                         .scheduler_flags = {{"--retain-finished-days", "0.00002"},
                                             {"--retention-interval", "0.1"}}});
  for (const char* id : {"nightly", "old", "new"}) {
    const std::string path = cluster.WriteFile(id, SomeCustomers(5));
    ASSERT_EQ(cluster.Ctl({"file", "upload", path, "--file-id", id}).exit_code, 0);
  }
  ASSERT_EQ(cluster.Ctl({"schedule", "create", "nightly", "--cron", "@yearly"}).exit_code, 0);
  const int64_t stored = StoredFiles(cluster);
  cluster.ExecuteSql("UPDATE file SET create_time = now() - interval '2 hours' WHERE id <> 'new'");
  EXPECT_TRUE(WaitUntil([&] { return cluster.Ctl({"file", "get", "old"}).exit_code == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return StoredFiles(cluster) == stored - 1; }));
  EXPECT_EQ(cluster.Ctl({"file", "get", "nightly"}).exit_code, 0);
  EXPECT_EQ(cluster.Ctl({"file", "get", "new"}).exit_code, 0);
}

TEST(Deletion, AResultThatAReferenceKeepsOutlivesLaterJobsOfTheSameName) {
  const Cluster cluster({.workers = 1, .slots = 1, .scheduler_flags = {}});
  Clean(cluster, "j");
  const std::string output = GetJob(cluster, "j").OutputId("CLEANED");
  const auto bytes = [&] {
    const ProgramResult download = cluster.Ctl({"file", "download", output, "-o", "-"});
    EXPECT_EQ(download.exit_code, 0) << download.err;
    return download.out;
  };
  const std::string before = bytes();
  ASSERT_EQ(cluster.Ctl({"ref", "add", output, "--key", "id", "--skip-validation"}).exit_code, 0);
  ASSERT_EQ(cluster.Ctl({"job", "delete", "j"}).exit_code, 0);
  const std::string folder = cluster.storage_root() + "/projects/default/jobs/j";
  const auto folders = [&] {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
  };
  // The job that ends sweeps what attempts of its name have left, as its deletion does.
  Clean(cluster, "j");
  const int64_t with_later = folders();
  EXPECT_EQ(bytes(), before);
  ASSERT_EQ(cluster.Ctl({"job", "delete", "j"}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([&] { return folders() < with_later; }));
  EXPECT_EQ(bytes(), before);
}

TEST(Deletion, FilesAreRegisteredAndDeleted) {
  const Cluster cluster({.workers = 0, .slots = 1, .scheduler_flags = {}});
  const std::string path = cluster.storage_root() + "/exports/customers.csv";
  fs::create_directories(cluster.storage_root() + "/exports");
  fs::rename(cluster.WriteFile("customers.csv", SomeCustomers(3)), path);
  const ProgramResult registered = cluster.Ctl(
      {"file", "register", "file:///exports/customers.csv", "--file-id", "f", "-o", "json"});
  EXPECT_EQ(registered.exit_code, 0) << registered.err;
  EXPECT_EQ(Json::parse(registered.out).at("display_name"), "customers.csv");
  EXPECT_EQ(cluster.Ctl({"file", "register", "file:///nothing"}).exit_code, kErrorExit);
  Submit(cluster, "reader", {"f"});
  EXPECT_THAT(cluster.Ctl({"file", "delete", "f"}).err, HasSubstr("IN_USE"));
  ASSERT_EQ(cluster.Ctl({"job", "cancel", "reader"}).exit_code, 0);
  EXPECT_EQ(cluster.Ctl({"file", "delete", "f"}).exit_code, 0);
  EXPECT_THAT(cluster.Ctl({"file", "get", "f"}).err, HasSubstr("FILE_NOT_FOUND"));
  EXPECT_TRUE(fs::exists(path)) << "of a registered file the bytes stay";
}

}  // namespace
}  // namespace dq
