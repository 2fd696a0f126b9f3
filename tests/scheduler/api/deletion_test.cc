// Deleting jobs, batches and many jobs at once over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::HasSubstr;

using Jobs = v1::JobService::Stub;
using Batches = v1::BatchService::Stub;
using Admin = v1::AdminService::Stub;

class DeletionServiceTest : public testing::Test {
 protected:
  std::string Cancelled(const std::string& id) {
    const std::string name = server_.CreateNoop(id);
    v1::CancelJobRequest request;
    request.set_name(name);
    v1::CancelJobResponse response;
    EXPECT_TRUE(Call(*server_.jobs(), &Jobs::CancelJob, request, response).ok());
    return name;
  }
  absl::Status Delete(const std::string& name, const std::string& etag = "") {
    v1::DeleteJobRequest request;
    request.set_name(name);
    request.set_reason("not wanted");
    request.set_etag(etag);
    v1::DeleteJobResponse response;
    return Call(*server_.jobs(), &Jobs::DeleteJob, request, response);
  }
  absl::Status Get(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    v1::GetJobResponse response;
    return Call(*server_.jobs(), &Jobs::GetJob, request, response);
  }
  v1::ListJobEventsResponse Events(const std::string& name) {
    v1::ListJobEventsRequest request;
    request.set_parent(name);
    v1::ListJobEventsResponse response;
    EXPECT_TRUE(Call(*server_.jobs(), &Jobs::ListJobEvents, request, response).ok());
    return response;
  }
  absl::Status DeleteBatch(const std::string& etag = "") {
    v1::DeleteBatchRequest request;
    request.set_name("projects/default/batches/b");
    request.set_etag(etag);
    v1::DeleteBatchResponse response;
    return Call(*server_.batches(), &Batches::DeleteBatch, request, response);
  }

  ApiServer server_;
};

TEST_F(DeletionServiceTest, AnEndedJobIsDeletedAndItsHistoryTellsByWhom) {
  const std::string name = Cancelled("a");
  ASSERT_TRUE(Delete(name).ok());
  const absl::Status gone = Get(name);
  EXPECT_EQ(gone.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(gone), "JOB_NOT_FOUND");
  EXPECT_THAT(MessageOf(gone), HasSubstr("was deleted by"));
  EXPECT_TRUE(MetadataOf(gone).contains("delete_time"));
  const v1::ListJobEventsResponse events = Events(name);
  const v1::JobEvent& last = events.events(events.events_size() - 1);
  EXPECT_EQ(last.event(), "delete");
  EXPECT_EQ(last.message(), "not wanted");
  EXPECT_THAT(last.actor(), HasSubstr("tester"));
  EXPECT_TRUE(Delete(name).ok()) << "twice is no error";
  EXPECT_EQ(server_.CreateNoop("a"), name) << "the name can be used again";
  EXPECT_EQ(server_.Get(name).state(), v1::JOB_STATE_QUEUED);
}

TEST_F(DeletionServiceTest, WhatCannotBeDeletedIsToldWhy) {
  const std::string live = server_.CreateNoop("live");
  const absl::Status lives = Delete(live);
  EXPECT_EQ(ReasonOf(lives), "ILLEGAL_TRANSITION");
  EXPECT_THAT(MessageOf(lives), HasSubstr("cancel it first"));
  EXPECT_EQ(ReasonOf(Delete("projects/default/jobs/nobody")), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete("nobody")), "BAD_FIELD");
  const std::string ended = Cancelled("ended");
  EXPECT_EQ(ReasonOf(Delete(ended, "1")), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(Delete(ended, "no etag")), "ETAG_MISMATCH");
  EXPECT_TRUE(Delete(ended, server_.Get(ended).etag()).ok());
}

TEST_F(DeletionServiceTest, AWatchSaysThatAJobWasDeletedAndEnds) {
  const std::string kept = server_.CreateNoop("kept");
  const std::string name = Cancelled("a");
  const auto stub = server_.jobs();
  grpc::ClientContext context;
  v1::WatchJobsRequest request;
  request.set_parent("projects/default");
  request.add_names(name);
  request.add_names(kept);
  const auto reader = stub->WatchJobs(&context, request);
  v1::WatchJobsResponse message;
  ASSERT_TRUE(reader->Read(&message));
  ASSERT_TRUE(reader->Read(&message));
  ASSERT_TRUE(Delete(name).ok());
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.deletion().name(), name);
  v1::CancelJobRequest cancel;
  cancel.set_name(kept);
  v1::CancelJobResponse cancelled;
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::CancelJob, cancel, cancelled).ok());
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.job().state(), v1::JOB_STATE_CANCELLED);
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());

  grpc::ClientContext late;
  const auto again = stub->WatchJobs(&late, request);
  EXPECT_FALSE(again->Read(&message));
  const absl::Status ended = FromGrpcStatus(again->Finish());
  EXPECT_EQ(ReasonOf(ended), "JOB_NOT_FOUND");
  EXPECT_TRUE(MetadataOf(ended).contains("delete_time")) << ended;
}

TEST_F(DeletionServiceTest, ABatchGoesWholeAndNoOperationAlone) {
  v1::CreateBatchRequest create;
  create.set_parent("projects/default");
  create.set_batch_id("b");
  for (int i = 0; i < 3; ++i) {
    create.mutable_batch()->add_operations()->mutable_spec()->add_stages()->mutable_noop();
  }
  v1::CreateBatchResponse created;
  ASSERT_TRUE(Call(*server_.batches(), &Batches::CreateBatch, create, created).ok());
  EXPECT_EQ(ReasonOf(DeleteBatch()), "ILLEGAL_TRANSITION");
  v1::CancelBatchRequest cancel;
  cancel.set_name("projects/default/batches/b");
  v1::CancelBatchResponse cancelled;
  ASSERT_TRUE(Call(*server_.batches(), &Batches::CancelBatch, cancel, cancelled).ok());
  const auto state = [&] {
    v1::GetBatchRequest request;
    request.set_name("projects/default/batches/b");
    v1::GetBatchResponse response;
    EXPECT_TRUE(Call(*server_.batches(), &Batches::GetBatch, request, response).ok());
    return response.batch().has_end_time();
  };
  ASSERT_TRUE(WaitUntil(state));
  EXPECT_EQ(ReasonOf(Delete("projects/default/jobs/b-1")), "IN_USE");
  EXPECT_EQ(ReasonOf(DeleteBatch("1000")), "ETAG_MISMATCH");
  ASSERT_TRUE(DeleteBatch().ok());
  EXPECT_EQ(ReasonOf(Get("projects/default/jobs/b-3")), "JOB_NOT_FOUND");
  EXPECT_TRUE(server_.store().Jobs().empty());
  EXPECT_TRUE(DeleteBatch().ok()) << "twice is no error";
}

TEST_F(DeletionServiceTest, ABatchThatNeverWasIsNotFound) {
  EXPECT_EQ(ReasonOf(DeleteBatch()), "BATCH_NOT_FOUND");
}

TEST_F(DeletionServiceTest, ManyAreDeletedByAFilterOnceItIsForced) {
  for (const char* id : {"a", "b", "c"}) Cancelled(id);
  server_.CreateNoop("live");
  v1::BulkActOnJobsRequest request;
  request.set_parent("projects/default");
  request.set_filter("queue = default");
  request.set_action(v1::BULK_ACTION_DELETE);
  request.set_reason("enough");
  v1::BulkActOnJobsResponse response;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::BulkActOnJobs, request, response).ok());
  EXPECT_EQ(response.matched(), 3);
  EXPECT_EQ(response.unaffected(), 1);
  EXPECT_EQ(server_.store().Jobs().size(), 4U);
  request.set_force(true);
  ASSERT_TRUE(Call(*server_.admin(), &Admin::BulkActOnJobs, request, response).ok());
  EXPECT_EQ(response.done(), 3);
  EXPECT_EQ(server_.store().Jobs().size(), 1U);
  v1::GetStatsResponse stats;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::GetStats, v1::GetStatsRequest(), stats).ok());
  EXPECT_EQ(stats.jobs_by_state().at("CANCELLED"), 0);
}

}  // namespace
}  // namespace dq
