// Batches over the API: what may be asked, what is refused, what becomes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Batches = v1::BatchService::Stub;

constexpr char kName[] = "projects/default/batches/b";

v1::CreateBatchRequest NoopBatch(int operations) {
  v1::CreateBatchRequest request;
  request.set_parent("projects/default");
  request.set_batch_id("b");
  for (int i = 0; i < operations; ++i) {
    request.mutable_batch()->add_operations()->mutable_spec()->add_stages()->mutable_noop();
  }
  return request;
}

class BatchServiceTest : public testing::Test {
 protected:
  absl::StatusOr<v1::CreateBatchResponse> Create(const v1::CreateBatchRequest& request) {
    v1::CreateBatchResponse response;
    const absl::Status status = Call(*server_.batches(), &Batches::CreateBatch, request, response);
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<v1::Batch> Get(const std::string& name = kName) {
    v1::GetBatchRequest request;
    request.set_name(name);
    v1::GetBatchResponse response;
    const absl::Status status = Call(*server_.batches(), &Batches::GetBatch, request, response);
    if (!status.ok()) return status;
    return response.batch();
  }
  template <typename Request, typename Response>
  absl::StatusOr<v1::BatchState> Act(grpc::Status (Batches::*method)(grpc::ClientContext*,
                                                                     const Request&, Response*),
                                     const std::string& name = kName) {
    Request request;
    request.set_name(name);
    request.set_reason("as agreed");
    Response response;
    const absl::Status status = Call(*server_.batches(), method, request, response);
    if (!status.ok()) return status;
    return response.batch().state();
  }
  std::vector<std::string> JobsOf(const std::string& filter) {
    v1::ListJobsRequest request;
    request.set_parent("projects/default");
    request.set_filter(filter);
    v1::ListJobsResponse response;
    const absl::Status status =
        Call(*server_.jobs(), &v1::JobService::Stub::ListJobs, request, response);
    EXPECT_TRUE(status.ok()) << status;
    std::vector<std::string> names;
    for (const v1::Job& job : response.jobs()) names.push_back(job.name());
    return names;
  }
  void DeleteFile(const std::string& name) {
    v1::DeleteFileRequest request;
    request.set_name(name);
    v1::DeleteFileResponse response;
    const absl::Status status =
        Call(*server_.files(), &v1::FileService::Stub::DeleteFile, request, response);
    ASSERT_TRUE(status.ok()) << status;
  }
  bool AwaitState(v1::BatchState state) {
    return WaitUntil([&] { return Get()->state() == state; });
  }
  bool AwaitMade(int64_t queued) {
    return WaitUntil([&] { return Get()->counts().queued() == queued; });
  }
  std::string ReasonOfCreating(const v1::CreateBatchRequest& request) {
    return ReasonOf(Create(request).status());
  }
  std::vector<std::string> FieldsOf(const v1::CreateBatchRequest& request) {
    std::vector<std::string> fields;
    for (const FieldViolation& violation : FieldViolationsOf(Create(request).status())) {
      fields.push_back(violation.field);
    }
    return fields;
  }

  ApiServer server_;
};

TEST_F(BatchServiceTest, OperationsBecomeJobsThatSayOfWhichBatchTheyAre) {
  v1::CreateBatchRequest request = NoopBatch(2);
  request.mutable_batch()->set_display_name("two");
  (*request.mutable_batch()->mutable_labels())["team"] = "sales";
  (*request.mutable_batch()->mutable_operations(0)->mutable_labels())["team"] = "own";
  request.mutable_batch()->mutable_operations(1)->set_display_name("second");
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->batch().name(), kName);
  EXPECT_EQ(created->batch().counts().total(), 2);
  EXPECT_EQ(created->batch().created_by(), "tester");
  EXPECT_FALSE(created->existed());
  ASSERT_TRUE(AwaitMade(2));
  EXPECT_EQ(Get()->state(), v1::BATCH_STATE_PENDING);
  const v1::Job first = server_.Get("projects/default/jobs/b-1");
  EXPECT_EQ(first.batch(), kName);
  EXPECT_EQ(first.operation_index(), 1);
  EXPECT_EQ(first.labels().at("team"), "own");
  EXPECT_EQ(first.created_by(), "tester");
  const v1::Job second = server_.Get("projects/default/jobs/b-2");
  EXPECT_EQ(second.display_name(), "second");
  EXPECT_EQ(second.labels().at("team"), "sales");
  server_.CreateNoop("other");
  EXPECT_THAT(JobsOf("batch = \"b\""),
              ElementsAre("projects/default/jobs/b-2", "projects/default/jobs/b-1"));
  EXPECT_THAT(JobsOf(std::string("batch = \"") + kName + "\" AND state = \"FAILED\""), IsEmpty());
}

TEST_F(BatchServiceTest, ABatchRunsToItsEnd) {
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  v1::CreateBatchRequest request = NoopBatch(2);
  request.mutable_batch()->set_mode(v1::BATCH_MODE_SEQUENTIAL);
  ASSERT_TRUE(Create(request).ok());
  const v1::Grant first = worker.TakeGrant();
  EXPECT_EQ(first.lease().job(), "projects/default/jobs/b-1");
  const auto running = Get();
  EXPECT_EQ(running->state(), v1::BATCH_STATE_PROCESSING);
  EXPECT_EQ(running->current_operation(), "projects/default/jobs/b-1");
  EXPECT_EQ(running->counts().pending(), 1);
  worker.Complete(first, {});
  worker.Complete(worker.TakeGrant(), {});
  ASSERT_TRUE(WaitUntil([&] { return Get()->has_end_time(); }));
  EXPECT_EQ(Get()->state(), v1::BATCH_STATE_COMPLETED);
  EXPECT_EQ(Get()->percent_complete(), 100);
  EXPECT_EQ(ReasonOf(Act(&Batches::CancelBatch).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(Act(&Batches::PauseBatch).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(Act(&Batches::RetryBatch).status()), "ILLEGAL_TRANSITION");
}

TEST_F(BatchServiceTest, TheSameRequestAgainAnswersTheSameBatch) {
  v1::CreateBatchRequest request = NoopBatch(1);
  request.set_request_id("r");
  ASSERT_TRUE(Create(request).ok());
  const auto again = Create(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  EXPECT_EQ(again->batch().name(), kName);
  request.mutable_batch()->set_stop_on_error(true);
  EXPECT_EQ(ReasonOfCreating(request), "REQUEST_ID_REUSED");
  request.clear_request_id();
  EXPECT_EQ(ReasonOfCreating(request), "ID_TAKEN");
}

TEST_F(BatchServiceTest, WhatIsWrongIsNamedByField) {
  EXPECT_THAT(FieldsOf(NoopBatch(0)), ElementsAre("batch.operations"));
  v1::CreateBatchRequest request = NoopBatch(2);
  request.set_parent("nobody");
  request.set_batch_id(std::string(57, 'a'));
  request.set_request_id(std::string(65, 'r'));
  request.mutable_batch()->set_max_parallel(-1);
  request.mutable_batch()->set_mode(static_cast<v1::BatchMode>(9));
  request.mutable_batch()->set_display_name("a\nb");
  EXPECT_THAT(FieldsOf(request),
              ElementsAre("parent", "batch_id", "batch.mode", "batch.max_parallel", "request_id",
                          "batch.display_name"));
  request = NoopBatch(2);
  request.mutable_batch()->mutable_operations(1)->mutable_spec()->set_priority(1000);
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.operations[1].spec.priority"));
  request = NoopBatch(1);
  request.mutable_batch()->mutable_operations(0)->mutable_spec()->add_stages();
  EXPECT_EQ(ReasonOfCreating(request), "UNKNOWN_STAGE");
  request = NoopBatch(1);
  request.mutable_batch()->set_max_parallel(2);
  request.mutable_batch()->mutable_operations(0)->mutable_spec()->set_concurrency_key("k");
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.operations[0].spec.concurrency_key"));
  request = NoopBatch(1);
  request.mutable_batch()->set_max_parallel(2);
  request.mutable_batch()->set_mode(v1::BATCH_MODE_SEQUENTIAL);
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.max_parallel"));
  EXPECT_THAT(FieldsOf(NoopBatch(100'001)), ElementsAre("batch.operations"));
  EXPECT_EQ(ReasonOf(Get().status()), "BATCH_NOT_FOUND");
}

TEST_F(BatchServiceTest, AnOperationHasAtMost64LabelsTogetherWithThoseOfTheBatch) {
  v1::CreateBatchRequest request = NoopBatch(2);
  for (int i = 0; i < 64; ++i) {
    (*request.mutable_batch()->mutable_labels())["k" + std::to_string(i)] = "v";
  }
  auto& labels = *request.mutable_batch()->mutable_operations(1)->mutable_labels();
  labels["one more"] = "own";
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.operations[1].labels"));
  labels.clear();
  labels["k1"] = "own";
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(AwaitMade(2));
  EXPECT_EQ(server_.Get("projects/default/jobs/b-2").labels().size(), 64U);
  EXPECT_EQ(server_.Get("projects/default/jobs/b-2").labels().at("k1"), "own");
}

TEST_F(BatchServiceTest, TheSameRequestAgainAnswersTheSameBatchThoughItsFilesAreGone) {
  server_.Upload("f", "a\n1\n");
  v1::CreateBatchRequest request = NoopBatch(1);
  request.mutable_batch()->mutable_operations(0)->mutable_spec()->set_input_file(
      "projects/default/files/f");
  request.set_request_id("r");
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(AwaitMade(1));
  ASSERT_TRUE(Act(&Batches::CancelBatch).ok());
  ASSERT_TRUE(WaitUntil([&] { return Get()->has_end_time(); }));
  DeleteFile("projects/default/files/f");
  const auto again = Create(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  EXPECT_EQ(again->batch().name(), kName);
  request.mutable_batch()->set_stop_on_error(true);
  EXPECT_EQ(ReasonOfCreating(request), "FILE_NOT_READY");
}

TEST_F(BatchServiceTest, AnOperationWithoutItsFileRefusesTheWhole) {
  const v1::File file = server_.Upload("f", "a\n1\n");
  v1::CreateBatchRequest request = NoopBatch(0);
  for (const char* id : {"f", "gone"}) {
    request.mutable_batch()->add_operations()->mutable_spec()->set_input_file(
        std::string("projects/default/files/") + id);
  }
  const absl::Status status = Create(request).status();
  EXPECT_EQ(ReasonOf(status), "FILE_NOT_READY");
  EXPECT_THAT(MessageOf(status), HasSubstr("batch.operations[1]"));
  EXPECT_EQ(ReasonOf(Get().status()), "BATCH_NOT_FOUND");
}

TEST_F(BatchServiceTest, UnknownAndMalformedNamesAreRefused) {
  EXPECT_EQ(ReasonOf(Get("projects/default/batches/none").status()), "BATCH_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get("projects/default/jobs/b").status()), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Act(&Batches::CancelBatch, "b").status()), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Act(&Batches::RetryBatch, "projects/default/batches/none").status()),
            "BATCH_NOT_FOUND");
}

TEST_F(BatchServiceTest, AWaitingBatchIsPausedResumedCancelledAndRetried) {
  ASSERT_TRUE(Create(NoopBatch(3)).ok());
  ASSERT_TRUE(AwaitMade(3));
  EXPECT_EQ(ReasonOf(Act(&Batches::RetryBatch).status()), "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Act(&Batches::PauseBatch).ok());
  ASSERT_TRUE(Act(&Batches::PauseBatch).ok());
  ASSERT_TRUE(WaitUntil([&] { return Get()->counts().paused() == 3; }));
  EXPECT_EQ(Get()->state(), v1::BATCH_STATE_PAUSED);
  ASSERT_TRUE(Act(&Batches::ResumeBatch).ok());
  ASSERT_TRUE(AwaitMade(3));
  ASSERT_TRUE(Act(&Batches::CancelBatch).ok());
  ASSERT_TRUE(AwaitState(v1::BATCH_STATE_CANCELLED));
  EXPECT_EQ(Get()->counts().skipped(), 3);
  EXPECT_EQ(server_.Get("projects/default/jobs/b-1").error().reason(), "BATCH_CANCELLED");
  ASSERT_TRUE(WaitUntil([&] { return Get()->has_end_time(); }));
  EXPECT_EQ(*Act(&Batches::CancelBatch), v1::BATCH_STATE_CANCELLED);
  EXPECT_EQ(ReasonOf(Act(&Batches::ResumeBatch).status()), "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Act(&Batches::RetryBatch).ok());
  ASSERT_TRUE(AwaitMade(3));
  EXPECT_TRUE(Act(&Batches::RetryBatch).ok());
  EXPECT_EQ(Get()->retries(), 1);
  EXPECT_FALSE(Get()->has_end_time());
}

TEST_F(BatchServiceTest, AnEtagGuardsAgainstWhatHasHappenedMeanwhile) {
  ASSERT_TRUE(Create(NoopBatch(1)).ok());
  ASSERT_TRUE(AwaitMade(1));
  v1::PauseBatchRequest pause;
  pause.set_name(kName);
  pause.set_etag(Get()->etag() + "0");
  v1::PauseBatchResponse paused;
  EXPECT_EQ(ReasonOf(Call(*server_.batches(), &Batches::PauseBatch, pause, paused)),
            "ETAG_MISMATCH");
  EXPECT_NE(Get()->state(), v1::BATCH_STATE_PAUSED);
  pause.set_etag(Get()->etag());
  ASSERT_TRUE(Call(*server_.batches(), &Batches::PauseBatch, pause, paused).ok());
  // It is paused: a repetition after a lost answer finds so.
  EXPECT_TRUE(Call(*server_.batches(), &Batches::PauseBatch, pause, paused).ok());
  v1::CancelBatchRequest cancel;
  cancel.set_name(kName);
  cancel.set_etag(pause.etag());
  v1::CancelBatchResponse cancelled;
  EXPECT_EQ(ReasonOf(Call(*server_.batches(), &Batches::CancelBatch, cancel, cancelled)),
            "ETAG_MISMATCH");
}

TEST_F(BatchServiceTest, NoMoreOperationsRunAtATimeThanMay) {
  FakeWorker worker(server_.workers());
  worker.Hello("w-1", 3);
  v1::CreateBatchRequest request = NoopBatch(3);
  request.mutable_batch()->set_max_parallel(1);
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(WaitUntil([&] { return Get()->counts().pending() == 0; }));
  worker.Report(nullptr, 3);
  const v1::Turn turn = worker.NextNews();
  EXPECT_EQ(turn.grants_size(), 1);
  EXPECT_EQ(Get()->counts().processing(), 1);
  EXPECT_EQ(server_.Get("projects/default/jobs/b-2").wait().reason(),
            v1::WAIT_REASON_CONCURRENCY_KEY_AT_LIMIT);
}

TEST_F(BatchServiceTest, BatchesAreListedInPages) {
  for (const char* id : {"a", "b", "c"}) {
    v1::CreateBatchRequest request = NoopBatch(1);
    request.set_batch_id(id);
    ASSERT_TRUE(Create(request).ok());
  }
  v1::ListBatchesRequest request;
  request.set_parent("projects/default");
  request.set_page_size(2);
  v1::ListBatchesResponse page;
  ASSERT_TRUE(Call(*server_.batches(), &Batches::ListBatches, request, page).ok());
  ASSERT_EQ(page.batches_size(), 2);
  EXPECT_EQ(page.batches(0).name(), "projects/default/batches/c");
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(Call(*server_.batches(), &Batches::ListBatches, request, page).ok());
  ASSERT_EQ(page.batches_size(), 1);
  EXPECT_EQ(page.batches(0).name(), "projects/default/batches/a");
  EXPECT_EQ(page.next_page_token(), "");
  request.set_parent("projects/other");
  EXPECT_EQ(ReasonOf(Call(*server_.batches(), &Batches::ListBatches, request, page)),
            "PAGE_TOKEN_MISMATCH");
}

TEST_F(BatchServiceTest, AWatchTellsHowABatchIsUntilItHasEnded) {
  ASSERT_TRUE(Create(NoopBatch(2)).ok());
  ASSERT_TRUE(AwaitMade(2));
  grpc::ClientContext context;
  v1::WatchBatchRequest request;
  request.set_name(kName);
  const auto batches = server_.batches();
  const auto stream = batches->WatchBatch(&context, request);
  v1::WatchBatchResponse message;
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.batch().name(), kName);
  EXPECT_EQ(message.batch().counts().queued(), 2);
  ASSERT_TRUE(Act(&Batches::CancelBatch).ok());
  while (stream->Read(&message)) {
  }
  EXPECT_EQ(message.batch().state(), v1::BATCH_STATE_CANCELLED);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(WatchBatch, ABatchThatHasNotChangedSinceTheBookmarkIsNotSentAgain) {
  ApiServer server({.bookmark_interval = absl::Milliseconds(20)});
  v1::CreateBatchResponse created;
  ASSERT_TRUE(Call(*server.batches(), &Batches::CreateBatch, NoopBatch(1), created).ok());
  const auto batches = server.batches();
  v1::WatchBatchRequest request;
  request.set_name(kName);
  v1::WatchBatchResponse message;
  {
    grpc::ClientContext context;
    const auto stream = batches->WatchBatch(&context, request);
    v1::Batch last;
    // Until its operation is a job, and that is recorded of the batch too.
    while (last.counts().queued() == 0 || last.etag() == "1" || !message.has_bookmark()) {
      ASSERT_TRUE(stream->Read(&message));
      if (message.has_batch()) last = message.batch();
    }
    context.TryCancel();
  }
  request.set_resume_token(message.bookmark().resume_token());
  grpc::ClientContext context;
  const auto stream = batches->WatchBatch(&context, request);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(stream->Read(&message));
    ASSERT_TRUE(message.has_bookmark());
  }
  context.TryCancel();
}

TEST_F(BatchServiceTest, AWatchOfNothingOrWithANonsenseTokenIsRefused) {
  const auto reason = [this](const std::string& name, const std::string& token) {
    grpc::ClientContext context;
    v1::WatchBatchRequest request;
    request.set_name(name);
    request.set_resume_token(token);
    const auto batches = server_.batches();
    const auto stream = batches->WatchBatch(&context, request);
    v1::WatchBatchResponse message;
    while (stream->Read(&message)) {
    }
    return ReasonOf(FromGrpcStatus(stream->Finish()));
  };
  EXPECT_EQ(reason(kName, ""), "BATCH_NOT_FOUND");
  EXPECT_EQ(reason("batches/b", ""), "BAD_FIELD");
  EXPECT_EQ(reason(kName, "17"), "BAD_FIELD");
}

}  // namespace
}  // namespace dq
