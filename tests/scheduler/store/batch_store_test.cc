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

class BatchExpansionTest : public BatchStoreTest {
 protected:
  // A batch without operations yet.
  BatchRecord CreateExpanding(const std::string& id) {
    BatchRecord batch = Batch(id);
    batch.operations = 0;
    batch.source = std::string("a\0source", 8);
    batch.expansion = BatchExpansion::kGoing;
    const auto created = batches().CreateBatch(batch, {});
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->record : batch;
  }
  static ExpansionPage Page(std::vector<std::string> requests, const std::string& expanded_to) {
    ExpansionPage page;
    page.requests = std::move(requests);
    page.found = 5;
    page.expanded_to = expanded_to;
    return page;
  }
  static FileRecord File(const std::string& id) {
    return {.project = "default",
            .id = id,
            .display_name = "tä ble.csv",
            .uri = "file:///in/" + id,
            .size_bytes = 7,
            .sha256 = "abc",
            .produced_by = "",
            .request_id = "auto-" + id,
            .created_by = "user:alice",
            .create_time = JobScript::Start()};
  }
  BatchRecord Read(const BatchRecord& batch) {
    const auto view = batches().GetBatchByKey(batch.key);
    EXPECT_TRUE(view.ok()) << view.status();
    return view.ok() ? view->record : batch;
  }
};
DQ_RUN_ON_EVERY_STORE(BatchExpansionTest);

TEST_P(BatchExpansionTest, ASourceReadsBackAndABatchOfAListHasNone) {
  const BatchRecord batch = CreateExpanding("b");
  EXPECT_EQ(batch.source, "");
  EXPECT_EQ(Read(batch), batch);
  EXPECT_EQ(*batches().GetBatchSource(batch.key), std::string("a\0source", 8));
  EXPECT_EQ(*batches().GetBatchSource(Create(Batch("c")).key), "");
}

TEST_P(BatchExpansionTest, PagesOfOperationsAreRecordedOnceAndWithTheirFiles) {
  const BatchRecord batch = CreateExpanding("b");
  ExpansionPage page = Page({"one", "two"}, "b.csv");
  page.files = {File("f-1"), File("f-2")};
  ASSERT_EQ(batches().ExpandBatch(batch, page), absl::OkStatus());
  const BatchRecord grown = Read(batch);
  EXPECT_EQ(grown.operations, 2);
  EXPECT_EQ(grown.found, 5);
  EXPECT_EQ(grown.expanded_to, "b.csv");
  EXPECT_EQ(grown.expansion, BatchExpansion::kGoing);
  EXPECT_EQ(grown.version, batch.version);
  const auto file = catalog().GetFile("default", "f-2");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->uri, "file:///in/f-2");
  EXPECT_EQ(file->display_name, "tä ble.csv");
  EXPECT_EQ(file->size_bytes, 7);
  EXPECT_EQ(file->create_time, JobScript::Start());

  // Another leader that read the batch before.
  ExpansionPage late = Page({"one"}, "a.csv");
  late.files = {File("f-3")};
  EXPECT_EQ(ReasonOf(batches().ExpandBatch(batch, late)), "BATCH_CHANGED");
  EXPECT_TRUE(absl::IsNotFound(catalog().GetFile("default", "f-3").status()));

  ExpansionPage last = Page({"three"}, "c.csv");
  last.expansion = BatchExpansion::kDone;
  ASSERT_EQ(batches().ExpandBatch(grown, last), absl::OkStatus());
  EXPECT_EQ(ReasonOf(batches().ExpandBatch(Read(batch), late)), "BATCH_CHANGED");
  const auto operations = batches().LoadOperations(batch.key, 0, 10);
  ASSERT_TRUE(operations.ok()) << operations.status();
  ASSERT_EQ(operations->size(), 3U);
  EXPECT_EQ(operations->back().index, 3);
  EXPECT_EQ(operations->back().request, "three");
}

TEST_P(BatchExpansionTest, WhatTheRunnerWritesLeavesTheExpansionAloneUntilARetryTakesItUp) {
  BatchRecord read = CreateExpanding("b");
  ASSERT_EQ(batches().ExpandBatch(read, Page({"one"}, "a.csv")), absl::OkStatus());
  read.made = 1;
  ASSERT_EQ(batches().UpdateBatch(read, {}), absl::OkStatus());
  EXPECT_EQ(Read(read).operations, 1);
  EXPECT_EQ(Read(read).expanded_to, "a.csv");

  ExpansionPage halt = Page({}, "a.csv");
  halt.expansion = BatchExpansion::kHalted;
  halt.halt_reason = "DIRECTORY_MISSING";
  halt.halt_message = "it is gone";
  ASSERT_EQ(batches().ExpandBatch(Read(read), halt), absl::OkStatus());
  BatchRecord batch = Read(read);
  EXPECT_EQ(batch.expansion, BatchExpansion::kHalted);
  EXPECT_EQ(batch.halt_reason, "DIRECTORY_MISSING");
  EXPECT_EQ(batch.halt_message, "it is gone");
  ASSERT_EQ(batches().UpdateBatch(batch, {}), absl::OkStatus());
  batch = Read(read);
  EXPECT_EQ(batch.expansion, BatchExpansion::kHalted);
  ++batch.retries;
  ASSERT_EQ(batches().UpdateBatch(batch, {}), absl::OkStatus());
  EXPECT_EQ(Read(read).expansion, BatchExpansion::kGoing);
  EXPECT_EQ(Read(read).halt_reason, "");
  EXPECT_EQ(Read(read).operations, 1);
}

TEST_P(BatchExpansionTest, AListOfManyOperationsIsRecordedInOrder) {
  BatchRecord batch = Batch("b");
  std::vector<std::string> requests;
  for (int i = 1; i <= 12'001; ++i) requests.push_back(std::to_string(i));
  batch.operations = static_cast<int32_t>(requests.size());
  const auto created = batches().CreateBatch(batch, requests);
  ASSERT_TRUE(created.ok()) << created.status();
  for (const int32_t after : {0, 4999, 5000, 12'000}) {
    const auto page = batches().LoadOperations(created->record.key, after, 1);
    ASSERT_TRUE(page.ok() && page->size() == 1) << page.status();
    EXPECT_EQ(page->front().index, after + 1);
    EXPECT_EQ(page->front().request, std::to_string(after + 1));
  }
  EXPECT_THAT(*batches().LoadOperations(created->record.key, 12'001, 1), IsEmpty());
}

}  // namespace
}  // namespace dq
