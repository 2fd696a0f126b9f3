// Pause, resume, retry, bulk creation and limits over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using Jobs = v1::JobService::Stub;
using Admin = v1::AdminService::Stub;

class JobActionsTest : public testing::Test {
 protected:
  template <typename Request, typename Response>
  absl::StatusOr<v1::JobState> Act(grpc::Status (Jobs::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                   const std::string& name) {
    Request request;
    request.set_name(name);
    request.set_reason("as agreed");
    Response response;
    const absl::Status status = Call(*server_.jobs(), method, request, response);
    if (!status.ok()) return status;
    return response.job().state();
  }
  absl::StatusOr<v1::JobState> Pause(const std::string& name) { return Act(&Jobs::PauseJob, name); }
  absl::StatusOr<v1::JobState> Resume(const std::string& name) {
    return Act(&Jobs::ResumeJob, name);
  }
  absl::StatusOr<v1::JobState> Retry(const std::string& name) { return Act(&Jobs::RetryJob, name); }
  absl::StatusOr<v1::JobState> Cancel(const std::string& name) {
    return Act(&Jobs::CancelJob, name);
  }

  ApiServer server_;
};

TEST_F(JobActionsTest, AWaitingJobIsPausedAndResumed) {
  const std::string name = server_.CreateNoop("a");
  EXPECT_EQ(*Pause(name), v1::JOB_STATE_PAUSED);
  EXPECT_EQ(*Pause(name), v1::JOB_STATE_PAUSED);
  EXPECT_EQ(*Resume(name), v1::JOB_STATE_QUEUED);
}

TEST_F(JobActionsTest, ARunningJobIsPausedOnceItsWorkerSaysSo) {
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  const std::string name = server_.CreateNoop("a");
  const v1::Grant grant = worker.TakeGrant();
  EXPECT_EQ(*Pause(name), v1::JOB_STATE_PAUSING);
  const v1::Turn turn = worker.NextNews();
  ASSERT_EQ(turn.revoked_size(), 1);
  EXPECT_EQ(turn.revoked(0).reason(), v1::REVOKE_REASON_PAUSE);
  v1::LeaseReport report;
  *report.mutable_lease() = grant.lease();
  report.mutable_outcome()->mutable_stopped();
  worker.Report(&report, 0);
  EXPECT_TRUE(WaitUntil([&] { return server_.Get(name).state() == v1::JOB_STATE_PAUSED; }));
}

TEST_F(JobActionsTest, AnEndedJobIsRetriedAndNotPaused) {
  const std::string name = server_.CreateNoop("a");
  EXPECT_EQ(*Cancel(name), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(ReasonOf(Pause(name).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(Resume(name).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(*Retry(name), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(ReasonOf(Retry(name).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(server_.Get(name).state(), v1::JOB_STATE_QUEUED);
}

TEST_F(JobActionsTest, UnknownJobsAndBadNamesAreTypedErrors) {
  EXPECT_EQ(ReasonOf(Pause("projects/default/jobs/nobody").status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Retry("projects/default/jobs/nobody").status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Resume("nobody").status()), "BAD_FIELD");
}

TEST_F(JobActionsTest, ManyJobsAreCreatedByOneCallAndEachIsAnswered) {
  v1::BatchCreateJobsRequest request;
  request.set_parent("projects/default");
  for (const char* id : {"a", "B@D", "c"}) {
    v1::CreateJobRequest& one = *request.add_requests();
    one.set_job_id(id);
    one.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  }
  request.add_requests()->mutable_job()->mutable_spec()->set_input_file(
      "projects/default/files/nothing");
  v1::BatchCreateJobsResponse response;
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::BatchCreateJobs, request, response).ok());
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).name(), "projects/default/jobs/a");
  EXPECT_EQ(response.results(1).error().reason(), "BAD_FIELD");
  EXPECT_EQ(response.results(2).name(), "projects/default/jobs/c");
  EXPECT_EQ(response.results(3).error().reason(), "FILE_NOT_READY");
  EXPECT_EQ(server_.Get("projects/default/jobs/c").state(), v1::JOB_STATE_QUEUED);
  request.mutable_requests(0)->set_parent("projects/other");
  EXPECT_EQ(ReasonOf(Call(*server_.jobs(), &Jobs::BatchCreateJobs, request, response)),
            "BAD_FIELD");
}

TEST_F(JobActionsTest, OneCallCreatesJobsAndWhatDependsOnThem) {
  v1::BatchCreateJobsRequest request;
  request.set_parent("projects/default");
  for (const char* id : {"a", "b"}) {
    v1::CreateJobRequest& one = *request.add_requests();
    one.set_job_id(id);
    one.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  }
  request.mutable_requests(1)->mutable_job()->mutable_spec()->add_depends_on(
      "projects/default/jobs/a");
  *request.add_requests() = request.requests(1);
  request.mutable_requests(2)->set_job_id("c");
  request.mutable_requests(2)->mutable_job()->mutable_spec()->set_depends_on(
      0, "projects/default/jobs/nobody");
  v1::BatchCreateJobsResponse response;
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::BatchCreateJobs, request, response).ok());
  EXPECT_EQ(response.results(1).name(), "projects/default/jobs/b");
  EXPECT_EQ(response.results(2).error().reason(), "DEPENDENCY_MISSING");
  const v1::Job job = server_.Get("projects/default/jobs/b");
  EXPECT_EQ(job.state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(job.wait().reason(), v1::WAIT_REASON_DEPENDENCY);
  EXPECT_FALSE(job.wait().has_until());
  ASSERT_TRUE(Cancel("projects/default/jobs/a").ok());
  const auto is_skipped = [this] {
    return server_.Get("projects/default/jobs/b").state() == v1::JOB_STATE_SKIPPED;
  };
  EXPECT_TRUE(WaitUntil(is_skipped));
  EXPECT_EQ(server_.Get("projects/default/jobs/b").error().reason(), "DEPENDENCY_FAILED");
}

TEST_F(JobActionsTest, ARetryWithAnEtagIsCarriedOutOnceHoweverOftenItIsRepeated) {
  const std::string name = server_.CreateNoop("a");
  ASSERT_TRUE(Cancel(name).ok());
  v1::RetryJobRequest request;
  request.set_name(name);
  request.set_reason("again");
  request.set_etag(server_.Get(name).etag());
  v1::RetryJobResponse response;
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::RetryJob, request, response).ok());
  ASSERT_TRUE(Cancel(name).ok());
  // The first answer was lost; since then the job has ended again.
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::RetryJob, request, response).ok());
  EXPECT_EQ(response.job().state(), v1::JOB_STATE_CANCELLED);
  request.set_reason("another person's");
  EXPECT_EQ(ReasonOf(Call(*server_.jobs(), &Jobs::RetryJob, request, response)), "JOB_CHANGED");
  request.set_etag("no etag");
  EXPECT_EQ(ReasonOf(Call(*server_.jobs(), &Jobs::RetryJob, request, response)), "JOB_CHANGED");
}

TEST_F(JobActionsTest, AQueueThatIsFullSaysSoToEveryJobThatWaitsForIt) {
  v1::UpdateQueueRequest update;
  update.mutable_queue()->set_name("queues/default");
  update.mutable_queue()->set_running_max(1);
  v1::UpdateQueueResponse updated;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::UpdateQueue, update, updated).ok());
  EXPECT_EQ(updated.queue().running_max(), 1);
  EXPECT_EQ(server_.store().LoadLimits()->size(), 1u) << "recorded";
  FakeWorker worker(server_.workers());
  worker.Hello("w-1", 4);
  server_.CreateNoop("a");
  worker.TakeGrant();
  const v1::Wait wait = server_.Get(server_.CreateNoop("b")).wait();
  EXPECT_EQ(wait.reason(), v1::WAIT_REASON_QUEUE_AT_LIMIT);
  EXPECT_EQ(wait.position(), 0);
  EXPECT_EQ(server_.Get(server_.CreateNoop("c")).wait().position(), 1);
  v1::ListQueuesResponse queues;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::ListQueues, v1::ListQueuesRequest(), queues).ok());
  ASSERT_EQ(queues.queues_size(), 1);
  EXPECT_EQ(queues.queues(0).running(), 1);
  EXPECT_EQ(queues.queues(0).live(), 3);
}

TEST_F(JobActionsTest, AProjectThatIsFullIsToldWhenToTryAgain) {
  v1::UpdateProjectRequest update;
  update.mutable_project()->set_name("projects/default");
  update.mutable_project()->set_live_max(1);
  update.mutable_project()->set_weight(7);
  v1::UpdateProjectResponse updated;
  ASSERT_TRUE(Call(*server_.admin(), &Admin::UpdateProject, update, updated).ok());
  EXPECT_EQ(updated.project().weight(), 7);
  server_.CreateNoop("a");
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  v1::CreateJobResponse response;
  const absl::Status refused = Call(*server_.jobs(), &Jobs::CreateJob, request, response);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "QUOTA");
  EXPECT_TRUE(refused.GetPayload("dq/retry_info").has_value());
}

TEST_F(JobActionsTest, LimitsThatMakeNoSenseAreRefused) {
  v1::UpdateQueueRequest queue;
  queue.mutable_queue()->set_name("queues/Q!");
  v1::UpdateQueueResponse queued;
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::UpdateQueue, queue, queued)), "BAD_FIELD");
  v1::UpdateProjectRequest project;
  project.mutable_project()->set_name("projects/p");
  project.mutable_project()->set_weight(1001);
  v1::UpdateProjectResponse updated;
  EXPECT_EQ(ReasonOf(Call(*server_.admin(), &Admin::UpdateProject, project, updated)), "BAD_FIELD");
}

}  // namespace
}  // namespace dq
