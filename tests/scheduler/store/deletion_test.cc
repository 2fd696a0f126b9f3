// The conformance suite: what is deleted, what keeps it from that, and what is left to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/store/postgres_store.h"
#include "tests/scheduler/store/deletion_fixture.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/scheduler/store/store_under_test.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

DQ_RUN_ON_EVERY_STORE(DeletionTest);

TEST_P(DeletionTest, OfADeletedJobItsHistoryStaysAndWhatStorageIsOwed) {
  JobScript job = Job(1, "j");
  job.BePlain();
  Create(job);
  Complete(job, SomeResult("f-out"));
  ASSERT_TRUE(catalog().GetFile("default", "f-out").ok());
  const auto deletions = deletions_of(Order(), "j");
  ASSERT_TRUE(deletions.ok()) << deletions.status();
  EXPECT_EQ(deletions->outcomes.at(0).outcome, DeletionOutcome::kDeleted);
  EXPECT_EQ(deletions->outcomes.at(0).state, JobState::kCompleted);
  EXPECT_THAT(deletions->kept_files, IsEmpty());

  const absl::Status gone = reader().GetJob({"default", "j"}).status();
  EXPECT_EQ(ReasonOf(gone), "JOB_NOT_FOUND");
  EXPECT_TRUE(MetadataOf(gone).contains("delete_time")) << gone;
  EXPECT_EQ(ReasonOf(reader().GetReportJson({"default", "j"}).status()), "REPORT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(catalog().GetFile("default", "f-out").status()), "FILE_NOT_FOUND");
  EXPECT_THAT(*reader().ListJobs("default", {}, 0, 10), IsEmpty());
  EXPECT_THAT(*jobs().LoadStateCounts(), IsEmpty());

  const auto events = reader().ListJobEvents({"default", "j"}, 0, 100);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_THAT(*events, SizeIs(4));
  EXPECT_EQ(events->front().event, JobEvent::kCreate);
  EXPECT_EQ(events->front().actor, job.record.created_by);
  EXPECT_EQ(events->back().event, JobEvent::kDelete);
  EXPECT_EQ(events->back().sequence, 4);
  EXPECT_EQ(events->back().time, Order().word.time);
  EXPECT_EQ(events->back().actor, "user:bob");
  EXPECT_EQ(events->back().message, "not “wanted”");
  EXPECT_THAT(*reader().ListJobEvents({"default", "j"}, 3, 100), SizeIs(1));

  const std::vector<StorageDebt> debts = Debts();
  ASSERT_THAT(debts, SizeIs(1));
  EXPECT_EQ(debts[0].job, (JobName{"default", "j"}));
  EXPECT_EQ(debts[0].manifest_uri, SomeResult("f-out").manifest_uri);
  EXPECT_THAT(debts[0].kept_uris, IsEmpty());
  EXPECT_THAT(*this->deletions().LoadDebts(debts[0].key, 100), IsEmpty());
  ASSERT_TRUE(this->deletions().PayDebt(debts[0].key).ok());
  EXPECT_THAT(Debts(), IsEmpty());
}

TEST_P(DeletionTest, AJobThatNeverRanOwesNothing) {
  Cancelled(1, "j");
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  EXPECT_THAT(Debts(), IsEmpty());
}

TEST_P(DeletionTest, AFailedJobOwesWhatItsAttemptsLeft) {
  JobScript job = Job(1, "j");
  Create(job);
  ASSERT_TRUE(Commit({}, {job.Claim(kToken)}).ok());
  ASSERT_TRUE(Commit({}, {job.Fail("PARSE_FAILED")}).ok());
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  EXPECT_THAT(Debts(), SizeIs(1));
}

TEST_P(DeletionTest, DeletingTwiceIsNoErrorAndWhatNeverWasIsUnknown) {
  Cancelled(1, "j");
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  EXPECT_EQ(Delete("j"), DeletionOutcome::kGone);
  EXPECT_EQ(Delete("k"), DeletionOutcome::kUnknown);
}

TEST_P(DeletionTest, AnOrderThatIsRepeatedAfterALostAnswerSaysTheSame) {
  Cancelled(1, "j");
  for (int i = 0; i < 2; ++i) {
    const auto deletions = deletions_of(Order(), "j");
    ASSERT_TRUE(deletions.ok()) << deletions.status();
    EXPECT_EQ(deletions->outcomes.at(0).outcome, DeletionOutcome::kDeleted);
    EXPECT_EQ(deletions->outcomes.at(0).state, JobState::kCancelled);
  }
}

TEST_P(DeletionTest, NameAndRequestIdCanBeUsedAgain) {
  Cancelled(1, "j");
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  JobScript again = Job(2, "j");
  const auto result = Commit({again.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts.at(0).outcome, InsertOutcome::kInserted);
  ExpectRecorded(again);
  Cancel(again);
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  EXPECT_THAT(*reader().ListJobEvents({"default", "j"}, 0, 100), SizeIs(3));
}

TEST_P(DeletionTest, WhatHasNotEndedOrHasChangedStays) {
  JobScript job = Job(1, "j");
  Create(job);
  EXPECT_EQ(Delete("j"), DeletionOutcome::kNotEnded);
  Cancel(job);
  EXPECT_EQ(Delete("j", job.record.status.version - 1), DeletionOutcome::kChanged);
  ExpectRecorded(job);
  EXPECT_EQ(Delete("j", job.record.status.version), DeletionOutcome::kDeleted);
}

TEST_P(DeletionTest, WhatAnUnfinishedJobDependsOnStaysUntilThatHasEnded) {
  JobScript first = Job(1, "first");
  Create(first);
  JobScript second = Job(2, "second");
  second.record.dependencies = {{.id = "first", .job = 1, .state = JobState::kQueued}};
  Create(second);
  Cancel(first);
  EXPECT_EQ(Delete("first"), DeletionOutcome::kNeeded);
  Cancel(second);
  EXPECT_EQ(Delete("first"), DeletionOutcome::kDeleted);
  EXPECT_THAT(reader().GetJob({"default", "second"})->dependencies, IsEmpty());
  EXPECT_EQ(Delete("second"), DeletionOutcome::kDeleted);
}

TEST_P(DeletionTest, ManyAreJudgedEachForItself) {
  Cancelled(1, "a");
  JobScript live = Job(2, "b");
  Create(live);
  Cancelled(300, "c");
  const auto deletions = this->deletions().DeleteJobs(
      {{{"default", "c"}}, {{"default", "nobody"}}, {{"default", "b"}}, {{"default", "a"}}},
      Order());
  ASSERT_TRUE(deletions.ok()) << deletions.status();
  std::vector<DeletionOutcome> outcomes;
  for (const JobDeletion& one : deletions->outcomes) outcomes.push_back(one.outcome);
  EXPECT_THAT(outcomes, ElementsAre(DeletionOutcome::kDeleted, DeletionOutcome::kUnknown,
                                    DeletionOutcome::kNotEnded, DeletionOutcome::kDeleted));
  EXPECT_THAT(*jobs().LoadStateCounts(), ElementsAre(Pair(JobState::kQueued, 1)));
  EXPECT_THAT(*reader().ListJobs("default", {}, 0, 10), SizeIs(1));
  EXPECT_EQ(jobs().LoadLiveJobs(0, 10, {})->last, 2);
}

TEST_P(DeletionTest, OnlyTheLeaderDeletes) {
  Cancelled(1, "j");
  const DeletionOrder order = Order();
  ASSERT_TRUE(jobs().AcquireLeadership("first", "", absl::Hours(1)).ok());
  EXPECT_EQ(ReasonOf(deletions_of(order, "j").status()), "NOT_LEADER");
  EXPECT_EQ(ReasonOf(deletions().DeleteBatch("default", "b", 0, order).status()), "NOT_LEADER");
  EXPECT_TRUE(reader().GetJob({"default", "j"}).ok());
}

TEST_P(DeletionTest, AnOutputThatIsNeededStays) {
  JobScript job = Job(1, "j");
  Create(job);
  Complete(job, SomeResult("f-out"));
  ReferenceRecord reference;
  reference.project = "default";
  reference.id = "r";
  reference.stage = "complete";
  reference.file_id = "f-out";
  reference.request_id = "request-r";
  reference.create_time = JobScript::Start();
  ASSERT_TRUE(catalog().CreateReference(reference).ok());
  const auto deletions = deletions_of(Order(), "j");
  ASSERT_TRUE(deletions.ok()) << deletions.status();
  EXPECT_THAT(deletions->kept_files, ElementsAre("f-out"));
  ASSERT_TRUE(catalog().GetFile("default", "f-out").ok());
  EXPECT_THAT(Debts().at(0).kept_uris, ElementsAre(SomeResult("f-out").outputs[0].uri));
  ASSERT_TRUE(catalog().DeleteReference("default", "r").ok());
  ASSERT_TRUE(catalog().DeleteFile("default", "f-out").ok());
  EXPECT_THAT(Debts().at(0).kept_uris, IsEmpty());
}

TEST_P(DeletionTest, AnOutputThatAnUnfinishedJobReadsStays) {
  JobScript job = Job(1, "j");
  Create(job);
  Complete(job, SomeResult("f-out"));
  JobScript next = Job(2, "next");
  next.record.file_ids = {"f-out"};
  Create(next);
  EXPECT_THAT(deletions_of(Order(), "j")->kept_files, ElementsAre("f-out"));
  EXPECT_TRUE(catalog().GetFile("default", "f-out").ok());
}

TEST_P(DeletionTest, UploadsGoOnDemandWithTheLastJobThatReadThem) {
  ASSERT_TRUE(catalog().CreateFile(Upload("f-in")).ok());
  for (const JobKey key : {1, 2}) {
    JobScript job = Job(key, "j" + std::to_string(key));
    job.record.file_ids = {"f-in"};
    Create(job);
    Cancel(job);
  }
  DeletionOrder order = Order();
  order.with_input = true;
  ASSERT_TRUE(deletions_of(order, "j1").ok());
  EXPECT_TRUE(catalog().GetFile("default", "f-in").ok());
  ASSERT_TRUE(deletions_of(order, "j2").ok());
  EXPECT_EQ(ReasonOf(catalog().GetFile("default", "f-in").status()), "FILE_NOT_FOUND");
  ASSERT_THAT(Debts(), SizeIs(1));
  EXPECT_EQ(Debts()[0].uri, Upload("f-in").uri);
}

TEST_P(DeletionTest, OfADeletedFileStorageIsOwedTheBytesUnlessItWasRegistered) {
  ASSERT_TRUE(catalog().CreateFile(Upload("f-in")).ok());
  FileRecord registered = Upload("f-registered");
  registered.uri = "file:///theirs.csv";
  ASSERT_TRUE(catalog().CreateFile(registered).ok());
  for (const char* id : {"f-in", "f-registered", "absent"}) {
    EXPECT_TRUE(catalog().DeleteFile("default", id).ok()) << id;
  }
  EXPECT_EQ(ReasonOf(catalog().GetFile("default", "f-in").status()), "FILE_NOT_FOUND");
  ASSERT_THAT(Debts(), SizeIs(1));
  EXPECT_EQ(Debts()[0].uri, Upload("f-in").uri);
}

TEST_P(DeletionTest, WithoutDemandUploadsStay) {
  ASSERT_TRUE(catalog().CreateFile(Upload("f-in")).ok());
  JobScript job = Job(1, "j");
  job.record.file_ids = {"f-in"};
  Create(job);
  Cancel(job);
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  EXPECT_TRUE(catalog().GetFile("default", "f-in").ok());
  EXPECT_TRUE(catalog().DeleteFile("default", "f-in").ok());
}

class BatchDeletionTest : public DeletionTest {
 protected:
  BatchRecord MakeBatch() {
    BatchRecord batch;
    batch.project = "default";
    batch.id = "b";
    batch.uid = "uid-b";
    batch.operations = 2;
    batch.create_time = JobScript::Start();
    batch.run_time = batch.create_time;
    return batches().CreateBatch(batch, {"one", "two"})->record;
  }
  JobScript Operation(const BatchRecord& batch, int32_t index) {
    JobScript job = Job(100 + index, "b-" + std::to_string(index));
    job.record.batch = {batch.key, batch.id, index};
    Create(job);
    return job;
  }
  BatchRecord End(BatchRecord batch) {
    batch.made = 2;
    batch.end_time = JobScript::Start() + absl::Hours(1);
    EXPECT_TRUE(batches().UpdateBatch(batch, {}).ok());
    return batches().GetBatchByKey(batch.key)->record;
  }
  BatchDeletion DeleteBatch(int64_t version = 0) {
    later_ += absl::Seconds(1);
    const auto deletion = deletions().DeleteBatch("default", "b", version, Order(later_));
    EXPECT_TRUE(deletion.ok()) << deletion.status();
    return deletion.value_or(BatchDeletion());
  }

 private:
  absl::Duration later_;
};
DQ_RUN_ON_EVERY_STORE(BatchDeletionTest);

TEST_P(BatchDeletionTest, ABatchGoesWholeOnceAllOfItHasEnded) {
  BatchRecord batch = MakeBatch();
  JobScript one = Operation(batch, 1);
  JobScript two = Operation(batch, 2);
  Cancel(one);
  EXPECT_EQ(Delete("b-1"), DeletionOutcome::kOperation);
  EXPECT_EQ(DeleteBatch().outcome, DeletionOutcome::kNotEnded);
  batch = End(batch);
  EXPECT_EQ(DeleteBatch(batch.version + 1).outcome, DeletionOutcome::kChanged);
  const BatchDeletion refused = DeleteBatch();
  EXPECT_EQ(refused.outcome, DeletionOutcome::kNotEnded);
  EXPECT_EQ(refused.job.id, "b-2");
  ExpectRecorded(one);
  Cancel(two);
  const BatchDeletion deletion = DeleteBatch(batch.version);
  EXPECT_EQ(deletion.outcome, DeletionOutcome::kDeleted);
  EXPECT_THAT(deletion.deleted,
              UnorderedElementsAre(DeletedJob{{"default", "b-1"}, JobState::kCancelled},
                                   DeletedJob{{"default", "b-2"}, JobState::kCancelled}));
  EXPECT_EQ(ReasonOf(batches().GetBatchByKey(batch.key).status()), "BATCH_NOT_FOUND");
  EXPECT_EQ(ReasonOf(reader().GetJob({"default", "b-2"}).status()), "JOB_NOT_FOUND");
  EXPECT_THAT(*jobs().LoadStateCounts(), IsEmpty());
  EXPECT_EQ(DeleteBatch().outcome, DeletionOutcome::kGone);
}

TEST_P(BatchDeletionTest, ABatchThatNeverWasIsUnknown) {
  EXPECT_EQ(DeleteBatch().outcome, DeletionOutcome::kUnknown);
}

TEST_P(BatchDeletionTest, ABatchWithoutJobsGoes) {
  End(MakeBatch());
  EXPECT_EQ(DeleteBatch().outcome, DeletionOutcome::kDeleted);
}

TEST_P(BatchDeletionTest, WhatEndedLongAgoIsFoundInTheOrderOfKeys) {
  const BatchRecord batch = MakeBatch();
  JobScript operation = Operation(batch, 1);
  Cancel(operation);
  Cancelled(200, "old");
  JobScript live = Job(201, "live");
  Create(live);
  Cancelled(202, "older");
  // The scripts' times are long past; a retention of a hundred years keeps everything.
  const absl::Duration year = absl::Hours(24 * 365);
  const auto page = deletions().ListExpiredJobs(absl::Hours(1), 0, 100);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->jobs, ElementsAre(JobName{"default", "old"}, JobName{"default", "older"}));
  EXPECT_EQ(page->last, 202);
  EXPECT_TRUE(page->is_last_page);
  EXPECT_FALSE(deletions().ListExpiredJobs(absl::Hours(1), 0, 2)->is_last_page);
  EXPECT_THAT(deletions().ListExpiredJobs(absl::Hours(1), 200, 100)->jobs, SizeIs(1));
  const auto young = deletions().ListExpiredJobs(100 * year, 0, 100);
  EXPECT_THAT(young->jobs, IsEmpty());
  EXPECT_TRUE(young->is_last_page);

  EXPECT_THAT(deletions().ListExpiredBatches(absl::Hours(1), 0, 10)->batches, IsEmpty());
  const BatchRecord ended = End(batch);
  const auto batches = deletions().ListExpiredBatches(absl::Hours(1), 0, 10);
  ASSERT_TRUE(batches.ok()) << batches.status();
  ASSERT_THAT(batches->batches, SizeIs(1));
  EXPECT_EQ(batches->batches[0].id, "b");
  EXPECT_EQ(batches->batches[0].key, batch.key);
  EXPECT_EQ(batches->batches[0].version, ended.version);
  EXPECT_THAT(deletions().ListExpiredBatches(100 * year, 0, 10)->batches, IsEmpty());
}

// What is left in the tables, a line each.
constexpr char kLeftSql[] =
    "SELECT (SELECT count(*) FROM job), (SELECT count(*) FROM job_spec), (SELECT count(*) FROM "
    "job_need), (SELECT count(*) FROM job_dependency), (SELECT count(*) FROM job_result), (SELECT "
    "count(*) FROM job_page), (SELECT count(*) FROM file), (SELECT count(*) FROM batch_job), "
    "(SELECT count(*) FROM batch_count), (SELECT count(*) FROM batch_operation), (SELECT sum(jobs) "
    "FROM job_state_count)";

TEST(DeletionTables, NothingButTheHistoryIsLeft) {
  PostgresStoreOptions options;
  options.conninfo = NewStoreDatabase();
  const auto store = *PostgresStore::Create(options);
  WriteBatch batch;
  batch.epoch = store->jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
  batch.now = JobScript::Start();
  const auto commit = [&](std::vector<JobInsert> inserts, std::vector<JobUpdate> updates) {
    ++batch.sequence;
    batch.inserts = std::move(inserts);
    batch.updates = std::move(updates);
    return store->jobs().Commit(batch).status();
  };
  BatchRecord asked;
  asked.project = "default";
  asked.id = "b";
  asked.create_time = asked.run_time = JobScript::Start();
  BatchRecord whole = store->batches().CreateBatch(asked, {"one"})->record;
  JobScript one = Job(1, "one");
  one.BePlain();
  JobScript two = Job(2, "two");
  two.record.dependencies = {{.id = "one", .job = 1, .state = JobState::kQueued}};
  two.record.file_ids = {"f"};
  JobScript three = Job(300, "b-1");
  three.record.batch = {whole.key, "b", 1};
  ASSERT_TRUE(commit({one.Create(), two.Create(), three.Create()}, {}).ok());
  ASSERT_TRUE(commit({}, {one.Claim(kToken), three.Cancel()}).ok());
  ASSERT_TRUE(commit({}, {one.Complete(SomeResult("f-out")), two.Cancel()}).ok());
  whole.end_time = JobScript::Start();
  ASSERT_TRUE(store->batches().UpdateBatch(whole, {}).ok());
  const DeletionOrder order = {{"bob", "why", JobScript::Start()}, batch.epoch, true};
  ASSERT_TRUE(
      store->deletions().DeleteJobs({{{"default", "one"}}, {{"default", "two"}}}, order).ok());
  ASSERT_TRUE(store->deletions().DeleteBatch("default", "b", 0, order).ok());
  EXPECT_EQ(Probe(options.conninfo, kLeftSql), "0 0 0 0 0 0 0 0 0 0 0");
  EXPECT_EQ(Probe(options.conninfo,
                  "SELECT id, kind FROM deleted_resource ORDER BY kind, id COLLATE \"C\""),
            "b-1 1\none 1\ntwo 1\nb 2");
  EXPECT_EQ(
      Probe(options.conninfo,
            "SELECT count(*), count(DISTINCT job_key), count(*) FILTER (WHERE event = 1) FROM "
            "job_event"),
      "10 3 3");
  EXPECT_EQ(Probe(options.conninfo, "SELECT actor, action, subject FROM operator_event"),
            "bob delete_batch projects/default/batches/b");
}

}  // namespace
}  // namespace dq
