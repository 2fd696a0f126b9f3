// The conformance suite: jobs that have the result of an earlier one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FileRecord Upload(const std::string& id, const std::string& sha256) {
  FileRecord file;
  file.project = "default";
  file.id = id;
  file.uri = "file:///" + id;
  file.sha256 = sha256;
  file.request_id = "request-" + id;
  file.create_time = JobScript::Start();
  return file;
}

class EarlierResultTest : public StoreTest {
 protected:
  EarlierResultTest() {
    EXPECT_TRUE(catalog().CreateFile(Upload("input", "sha-1")).ok());
    EXPECT_TRUE(catalog().CreateFile(Upload("again", "sha-1")).ok());
    EXPECT_TRUE(catalog().CreateFile(Upload("other", "sha-2")).ok());
  }

  // Runs a job over a file to its end.
  void Complete(JobKey key, const std::string& id, const std::string& file, JobResult result) {
    JobScript job(key, id);
    job.record.file_ids = {file};
    ASSERT_TRUE(Commit({job.Create()}).ok());
    ASSERT_TRUE(Commit({}, {job.Claim("t")}).ok());
    ASSERT_TRUE(Commit({}, {job.Complete(result)}).ok());
  }

  // Returns the creation of a job that has `result` from another.
  static JobInsert HavingResult(JobKey key, const std::string& id, const JobResult& result) {
    JobScript job(key, id);
    job.record.file_ids = {"again"};
    job.record.result = result;
    job.record.has_earlier_result = true;
    JobInsert insert = job.Create();
    insert.record.status.state = JobState::kCompleted;
    insert.record.status.end_time = JobScript::Start();
    insert.record.result = result;
    insert.events.back().to = JobState::kCompleted;
    insert.events.back().reason = "EARLIER_RESULT";
    return insert;
  }

  std::vector<std::string> Found(const std::string& file, const std::string& sha256,
                                 int limit = 10) {
    const auto jobs = reader().FindCompleted("default", file, sha256, limit);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    std::vector<std::string> ids;
    for (const JobRecord& job : *jobs) ids.push_back(job.name.id);
    return ids;
  }
};
DQ_RUN_ON_EVERY_STORE(EarlierResultTest);

TEST_P(EarlierResultTest, CompletedJobsOverTheSameBytesAreFoundNewestFirst) {
  Complete(1, "a", "input", SomeResult("out-a"));
  Complete(2, "b", "again", SomeResult("out-b"));
  Complete(3, "c", "other", SomeResult("out-c"));
  JobScript waits(4, "d");
  waits.record.file_ids = {"input"};
  ASSERT_TRUE(Commit({waits.Create()}).ok());
  EXPECT_THAT(Found("input", "sha-1"), ElementsAre("b", "a"));
  EXPECT_THAT(Found("other", "sha-2"), ElementsAre("c"));
  EXPECT_THAT(Found("other", "sha-9"), ElementsAre("c"));  // The very file.
  EXPECT_THAT(Found("absent", "sha-9"), IsEmpty());
  EXPECT_EQ(reader().FindCompleted("default", "input", "sha-1", 10)->front().result->outputs,
            SomeResult("out-b").outputs);
}

TEST_P(EarlierResultTest, AJobCanBeRecordedWithTheResultOfAnother) {
  const JobResult result = SomeResult("out-a");
  Complete(1, "a", "input", result);
  const auto committed = Commit({HavingResult(2, "b", result)});
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(committed->inserts[0].outcome, InsertOutcome::kInserted);
  const auto job = reader().GetJob({"default", "b"});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->status.state, JobState::kCompleted);
  EXPECT_EQ(job->status.attempt, 0);
  EXPECT_EQ(job->status.end_time, JobScript::Start());
  ASSERT_TRUE(job->result.has_value());
  EXPECT_EQ(job->result->outputs, result.outputs);
  EXPECT_EQ(*reader().GetReportJson({"default", "b"}), result.report_json);
  const auto events = reader().ListJobEvents({"default", "b"}, 0, 10);
  ASSERT_EQ(events->size(), 1);
  EXPECT_EQ(events->front().to, JobState::kCompleted);
  EXPECT_EQ(events->front().reason, "EARLIER_RESULT");
  EXPECT_THAT(Found("again", "sha-1"), ElementsAre("b", "a"));
  EXPECT_EQ((*jobs().LoadStateCounts())[JobState::kCompleted], 2);
  const auto live = jobs().LoadLiveJobs(0, 10, {});
  EXPECT_TRUE(live->jobs.empty() && live->waiting.empty());
}

TEST_P(EarlierResultTest, AResultOfWhichAFileWasDeletedIsTakenByNobody) {
  const JobResult result = SomeResult("out-a");
  Complete(1, "a", "input", result);
  ASSERT_TRUE(catalog().DeleteFile("default", "out-a").ok());
  JobScript other(3, "c");
  const auto committed = Commit({HavingResult(2, "b", result), other.Create()});
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(committed->inserts[0].outcome, InsertOutcome::kRefused);
  EXPECT_TRUE(absl::IsUnavailable(committed->inserts[0].refusal));
  EXPECT_EQ(ReasonOf(committed->inserts[0].refusal), "EARLIER_RESULT_GONE");
  EXPECT_EQ(committed->inserts[1].outcome, InsertOutcome::kInserted);
  EXPECT_EQ(ReasonOf(reader().GetJob({"default", "b"}).status()), "JOB_NOT_FOUND");
}

TEST_P(EarlierResultTest, FilesThatTwoJobsHaveAreNotDeleted) {
  const JobResult result = SomeResult("out-a");
  Complete(1, "a", "input", result);
  ASSERT_TRUE(Commit({HavingResult(2, "b", result)}).ok());
  EXPECT_EQ(catalog().GetFile("default", "out-a")->produced_by, "a");
  EXPECT_EQ(ReasonOf(catalog().DeleteFile("default", "out-a")), "IN_USE");
  EXPECT_TRUE(
      catalog().DeleteFile("default", "again").ok());  // The inputs are not needed any more.
}

TEST_P(EarlierResultTest, FilesGoWithTheLastOfTheJobsThatHaveThem) {
  const JobResult result = SomeResult("out-a");
  const auto remove = [&](const std::string& id) {
    const DeletionOrder order = {
        {"user:bob", "", JobScript::Start() + absl::Hours(1)}, epoch(), false};
    const auto deleted = deletions().DeleteJobs({{{"default", id}, 0}}, order);
    ASSERT_TRUE(deleted.ok()) << deleted.status();
    EXPECT_EQ(deleted->outcomes.at(0).outcome, DeletionOutcome::kDeleted);
  };
  const auto is_there = [&] { return catalog().GetFile("default", "out-a").ok(); };
  Complete(1, "a", "input", result);
  ASSERT_TRUE(Commit({HavingResult(2, "b", result), HavingResult(3, "c", result)}).ok());
  remove("b");  // The job that ran is there.
  EXPECT_TRUE(is_there());
  remove("a");
  EXPECT_TRUE(is_there());
  EXPECT_EQ(ReasonOf(catalog().DeleteFile("default", "out-a")), "IN_USE");
  remove("c");
  EXPECT_FALSE(is_there());
  // What lies in the folder of another job is owed by itself.
  std::vector<std::string> owed;
  const auto debts = deletions().LoadDebts(0, 100);
  for (const StorageDebt& debt : debts.value()) owed.push_back(debt.uri);
  EXPECT_THAT(owed, ::testing::Contains(result.outputs.at(0).uri));
}

}  // namespace
}  // namespace dq
