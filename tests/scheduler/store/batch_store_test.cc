// The conformance suite: batches, their operations and the numbers of their jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

BatchRecord Batch(const std::string& id) {
  BatchRecord batch;
  batch.project = "default";
  batch.id = id;
  batch.uid = "uid-" + id;
  batch.request_id = "request-" + id;
  batch.request_hash = "hash-" + id;
  batch.display_name = "the “batch” of " + id;
  batch.labels = {{"a", "b"}};
  batch.created_by = "user:alice";
  batch.mode = BatchMode::kSequential;
  batch.max_parallel = 3;
  batch.stop_on_error = true;
  batch.operations = 3;
  batch.create_time = JobScript::Start();
  batch.actor = batch.created_by;
  batch.run_time = batch.create_time;
  return batch;
}

const std::vector<std::string> kRequests = {std::string("one\0\xff\"\\,{}", 10), "", "three"};

class BatchStoreTest : public StoreTest {
 protected:
  BatchRecord Create(const BatchRecord& batch) {
    const auto created = batches().CreateBatch(batch, kRequests);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->record : batch;
  }
  // Makes the job of an operation.
  JobScript Operation(const BatchRecord& batch, int32_t index) {
    JobScript script(100 + index, batch.id + "-" + std::to_string(index));
    script.record.request_id = batch.uid + "-" + std::to_string(index);
    script.record.batch = {batch.key, batch.id, index};
    return script;
  }
  std::map<JobState, int64_t> JobsOf(const BatchRecord& batch) {
    const auto view = batches().GetBatchByKey(batch.key);
    EXPECT_TRUE(view.ok()) << view.status();
    return view.ok() ? view->jobs : std::map<JobState, int64_t>();
  }
  std::vector<int32_t> Listed(const BatchRecord& batch, int32_t after,
                              const std::vector<JobState>& states, int limit) {
    const auto jobs = batches().ListOperationJobs(batch.key, after, states, limit);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    std::vector<int32_t> indices;
    if (jobs.ok()) {
      for (const OperationJob& job : *jobs) indices.push_back(job.index);
    }
    return indices;
  }
};
DQ_RUN_ON_EVERY_STORE(BatchStoreTest);

TEST_P(BatchStoreTest, ABatchReadsBackFieldByField) {
  const BatchRecord batch = Create(Batch("b"));
  EXPECT_GT(batch.key, 0);
  const auto view = batches().GetBatch("default", "b");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->record, batch);
  EXPECT_THAT(view->jobs, IsEmpty());
  EXPECT_EQ(ReasonOf(batches().GetBatch("default", "c").status()), "BATCH_NOT_FOUND");
  EXPECT_EQ(ReasonOf(batches().GetBatchByKey(batch.key + 1).status()), "BATCH_NOT_FOUND");
}

TEST_P(BatchStoreTest, OperationsReadBackByteByByteAndInPages) {
  const BatchRecord batch = Create(Batch("b"));
  const auto all = batches().LoadOperations(batch.key, 0, 10);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*all)[i].index, static_cast<int32_t>(i) + 1);
    EXPECT_EQ((*all)[i].request, kRequests[i]);
    EXPECT_EQ((*all)[i].refusal, "");
  }
  const auto page = batches().LoadOperations(batch.key, 1, 1);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->size(), 1U);
  EXPECT_EQ(page->front().index, 2);
}

TEST_P(BatchStoreTest, AnOperationIsReadWithItsJob) {
  const BatchRecord batch = Create(Batch("b"));
  JobScript second = Operation(batch, 2);
  ASSERT_EQ(Commit({second.Create()}).status(), absl::OkStatus());
  const auto read = batches().LoadOperations(batch.key, 0, 10);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].job, 0);
  EXPECT_EQ((*read)[1].job, second.record.key);
  EXPECT_EQ((*read)[2].job, 0);
}

TEST_P(BatchStoreTest, ACreationThatIsRepeatedMakesNothingTwice) {
  const BatchRecord batch = Create(Batch("b"));
  const auto same_call = batches().CreateBatch(Batch("b"), kRequests);
  ASSERT_TRUE(same_call.ok()) << same_call.status();
  EXPECT_FALSE(same_call->existed);
  BatchRecord again = Batch("c");
  again.request_id = batch.request_id;
  again.request_hash = batch.request_hash;
  const auto repeated = batches().CreateBatch(again, kRequests);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->existed);
  EXPECT_EQ(repeated->record, batch);
  again.request_hash = "another";
  EXPECT_EQ(ReasonOf(batches().CreateBatch(again, kRequests).status()), "REQUEST_ID_REUSED");
  BatchRecord taken = Batch("b");
  taken.uid = "another";
  taken.request_id = "";
  EXPECT_EQ(ReasonOf(batches().CreateBatch(taken, kRequests).status()), "ID_TAKEN");
}

TEST_P(BatchStoreTest, ABatchIsFoundByItsRequest) {
  const BatchRecord batch = Create(Batch("b"));
  const auto found = batches().GetBatchByRequest("default", batch.request_id);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->record, batch);
  EXPECT_EQ(ReasonOf(batches().GetBatchByRequest("other", batch.request_id).status()),
            "BATCH_NOT_FOUND");
  EXPECT_EQ(ReasonOf(batches().GetBatchByRequest("default", "another").status()),
            "BATCH_NOT_FOUND");
}

TEST_P(BatchStoreTest, AnyNumberOfBatchesHaveNoRequestId) {
  for (const std::string id : {"a", "b"}) {
    BatchRecord batch = Batch(id);
    batch.request_id = "";
    Create(batch);
  }
  EXPECT_EQ(batches().ListBatches("default", 0, 10)->size(), 2U);
}

TEST_P(BatchStoreTest, BatchesAreListedNewestFirstInPages) {
  const BatchRecord first = Create(Batch("a"));
  const BatchRecord second = Create(Batch("b"));
  BatchRecord foreign = Batch("c");
  foreign.project = "other";
  Create(foreign);
  const auto page = batches().ListBatches("default", 0, 1);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->size(), 1U);
  EXPECT_EQ(page->front().record, second);
  const auto next = batches().ListBatches("default", second.key, 5);
  ASSERT_EQ(next->size(), 1U);
  EXPECT_EQ(next->front().record, first);
}

TEST_P(BatchStoreTest, WhatChangesIsWrittenOnlyOverWhatWasRead) {
  BatchRecord batch = Create(Batch("b"));
  batch.desire = BatchDesire::kCancel;
  batch.made = 2;
  batch.refused = 1;
  batch.reopen_from = 3;
  batch.retries = 4;
  batch.actor = "user:bob";
  batch.reason = "no \"more\"";
  batch.run_time += absl::Seconds(5);
  batch.run_completed = 1;
  batch.end_time = batch.run_time + absl::Seconds(1);
  ASSERT_TRUE(batches().UpdateBatch(batch, {{2, "", "because", 0}}).ok());
  EXPECT_EQ(ReasonOf(batches().UpdateBatch(batch, {{2, "", "no", 0}})), "BATCH_CHANGED");
  ++batch.version;
  EXPECT_EQ(batches().GetBatchByKey(batch.key)->record, batch);
  EXPECT_EQ((*batches().LoadOperations(batch.key, 1, 1))[0].refusal, "because");
  const auto refused = batches().ListRefusedOperations(batch.key, 5);
  ASSERT_TRUE(refused.ok()) << refused.status();
  ASSERT_EQ(refused->size(), 1U);
  EXPECT_EQ(refused->front().index, 2);
  EXPECT_EQ(refused->front().refusal, "because");
  EXPECT_THAT(*batches().ListOpenBatches(), IsEmpty());
  batch.end_time = absl::InfinitePast();
  ASSERT_TRUE(batches().UpdateBatch(batch, {{2, "", "", 0}}).ok());
  EXPECT_THAT(*batches().ListOpenBatches(), ElementsAre(batch.key));
  EXPECT_EQ((*batches().LoadOperations(batch.key, 1, 1))[0].refusal, "");
}

TEST_P(BatchStoreTest, JobsOfABatchAreCountedWithEveryCommit) {
  const BatchRecord batch = Create(Batch("b"));
  JobScript first = Operation(batch, 1);
  JobScript second = Operation(batch, 2);
  JobScript other(200, "other");
  ASSERT_EQ(Commit({first.Create(), second.Create(), other.Create()}).status(), absl::OkStatus());
  EXPECT_THAT(JobsOf(batch), UnorderedElementsAre(Pair(JobState::kQueued, 2)));
  ASSERT_EQ(Commit({}, {first.Claim("t1"), other.Claim("t2")}).status(), absl::OkStatus());
  EXPECT_THAT(JobsOf(batch),
              UnorderedElementsAre(Pair(JobState::kQueued, 1), Pair(JobState::kProcessing, 1)));
  ASSERT_EQ(Commit({}, {first.Complete(SomeResult("f-1")), second.Cancel()}).status(),
            absl::OkStatus());
  EXPECT_THAT(JobsOf(batch),
              UnorderedElementsAre(Pair(JobState::kCompleted, 1), Pair(JobState::kCancelled, 1)));
  ASSERT_EQ(Commit({}, {second.Reopen()}).status(), absl::OkStatus());
  EXPECT_THAT(JobsOf(batch),
              UnorderedElementsAre(Pair(JobState::kCompleted, 1), Pair(JobState::kQueued, 1)));
  ExpectRecorded(first);
  ExpectRecorded(second);
}

TEST_P(BatchStoreTest, ARepeatedInsertOfAnOperationCountsNothing) {
  const BatchRecord batch = Create(Batch("b"));
  JobScript first = Operation(batch, 1);
  ASSERT_EQ(Commit({first.Create()}).status(), absl::OkStatus());
  JobScript again(300, "another-name");
  again.record.request_id = first.record.request_id;
  again.record.request_hash = first.record.request_hash;
  again.record.batch = first.record.batch;
  const auto result = Commit({again.Create(), Operation(batch, 2).Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kExisted);
  EXPECT_EQ(result->inserts[0].record.batch, first.record.batch);
  EXPECT_THAT(JobsOf(batch), UnorderedElementsAre(Pair(JobState::kQueued, 2)));
}

TEST_P(BatchStoreTest, ARefusedChangeOfAnOperationIsNotCounted) {
  RefuseUnrecordable();
  const BatchRecord batch = Create(Batch("b"));
  JobScript first = Operation(batch, 1);
  ASSERT_EQ(Commit({first.Create()}).status(), absl::OkStatus());
  ASSERT_EQ(Commit({}, {first.Claim("t1")}).status(), absl::OkStatus());
  JobResult result = SomeResult("f-1");
  result.report_json = std::string("{\"a\":\"") + kUnrecordable + "\"}";
  ASSERT_EQ(Commit({}, {first.Complete(result)}).status(), absl::OkStatus());
  EXPECT_THAT(JobsOf(batch), UnorderedElementsAre(Pair(JobState::kFailed, 1)));
}

TEST_P(BatchStoreTest, JobsOfOperationsAreListedInTheirOrderByStateAndInPages) {
  const BatchRecord batch = Create(Batch("b"));
  JobScript third = Operation(batch, 3);
  JobScript first = Operation(batch, 1);
  JobScript second = Operation(batch, 2);
  ASSERT_EQ(Commit({third.Create(), first.Create(), second.Create()}).status(), absl::OkStatus());
  ASSERT_EQ(Commit({}, {second.Cancel()}).status(), absl::OkStatus());
  EXPECT_THAT(Listed(batch, 0, {JobState::kQueued}, 10), ElementsAre(1, 3));
  EXPECT_THAT(Listed(batch, 0, {JobState::kQueued, JobState::kCancelled}, 2), ElementsAre(1, 2));
  EXPECT_THAT(Listed(batch, 1, {JobState::kQueued}, 10), ElementsAre(3));
  EXPECT_THAT(Listed(batch, 0, {JobState::kFailed}, 10), IsEmpty());
  const auto jobs = batches().ListOperationJobs(batch.key, 1, {JobState::kCancelled}, 1);
  ASSERT_EQ(jobs->size(), 1U);
  EXPECT_EQ(jobs->front().name, second.record.name);
  EXPECT_EQ(jobs->front().key, second.record.key);
  EXPECT_EQ(jobs->front().state, JobState::kCancelled);
}

TEST_P(BatchStoreTest, JobsAreListedByTheirBatch) {
  const BatchRecord batch = Create(Batch("b"));
  JobScript first = Operation(batch, 1);
  JobScript second = Operation(batch, 2);
  JobScript other(200, "other");
  ASSERT_EQ(Commit({first.Create(), second.Create(), other.Create()}).status(), absl::OkStatus());
  const auto ids = [this](JobFilterTerm::Op op, const std::string& text) {
    JobFilterTerm term;
    term.field = JobFilterTerm::Field::kBatch;
    term.op = op;
    term.text = text;
    const auto jobs = reader().ListJobs("default", {term}, 0, 10);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    std::vector<std::string> found;
    for (const JobRecord& job : *jobs) found.push_back(job.name.id);
    return found;
  };
  EXPECT_THAT(ids(JobFilterTerm::Op::kEqual, "b"), ElementsAre("b-2", "b-1"));
  EXPECT_THAT(ids(JobFilterTerm::Op::kEqual, "c"), IsEmpty());
  EXPECT_THAT(ids(JobFilterTerm::Op::kNotEqual, "b"), ElementsAre("other"));
}

TEST_P(BatchStoreTest, ANewLeaderIsGivenTheBatchOfAJob) {
  const BatchRecord batch = Create(Batch("b"));
  JobScript first = Operation(batch, 1);
  ASSERT_EQ(Commit({first.Create()}).status(), absl::OkStatus());
  const auto read = jobs().LoadJobs({first.record.key}, {});
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().batch, first.record.batch);
}

}  // namespace
}  // namespace dq
