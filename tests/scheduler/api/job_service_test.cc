#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"

namespace dq {
namespace {

using Jobs = v1::JobService::Stub;

v1::CreateJobRequest NoopRequest(const std::string& id, const std::string& request_id = "") {
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.set_job_id(id);
  request.set_request_id(request_id);
  request.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  return request;
}

class JobServiceTest : public testing::Test {
 protected:
  absl::Status Create(const v1::CreateJobRequest& request) {
    created_.Clear();
    return Call(*server_.jobs(), &Jobs::CreateJob, request, created_);
  }
  absl::Status Cancel(const std::string& name) {
    v1::CancelJobRequest request;
    request.set_name(name);
    cancelled_.Clear();
    return Call(*server_.jobs(), &Jobs::CancelJob, request, cancelled_);
  }
  absl::Status List(v1::ListJobsRequest request, v1::ListJobsResponse& response) {
    request.set_parent("projects/default");
    response.Clear();
    return Call(*server_.jobs(), &Jobs::ListJobs, request, response);
  }

  ApiServer server_;
  v1::CreateJobResponse created_;
  v1::CancelJobResponse cancelled_;
};

TEST_F(JobServiceTest, CreatedJobIsRecordedAndWaits) {
  v1::CreateJobRequest request = NoopRequest("first");
  (*request.mutable_job()->mutable_labels())["team"] = "crm";
  ASSERT_TRUE(Create(request).ok());
  EXPECT_FALSE(created_.existed());
  EXPECT_EQ(created_.job().name(), "projects/default/jobs/first");
  EXPECT_EQ(created_.job().created_by(), "tester");
  EXPECT_EQ(server_.store().Jobs().size(), 1U);
  const v1::Job job = server_.Get("projects/default/jobs/first");
  EXPECT_EQ(job.state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(job.wait().reason(), v1::WAIT_REASON_NO_WORKER_FOR_STAGE);
  EXPECT_EQ(job.labels().at("team"), "crm");
  EXPECT_TRUE(job.spec().stages(0).has_noop());
}

TEST_F(JobServiceTest, ServerChoosesAnIdWhenNoneIsGiven) {
  ASSERT_TRUE(Create(NoopRequest("")).ok());
  EXPECT_EQ(created_.job().name().rfind("projects/default/jobs/j-", 0), 0U);
}

TEST_F(JobServiceTest, RepeatedRequestAnswersTheEarlierJob) {
  ASSERT_TRUE(Create(NoopRequest("", "r-1")).ok());
  const std::string name = created_.job().name();
  ASSERT_TRUE(Create(NoopRequest("", "r-1")).ok());
  EXPECT_TRUE(created_.existed());
  EXPECT_EQ(created_.job().name(), name);
  v1::CreateJobRequest other = NoopRequest("", "r-1");
  other.mutable_job()->mutable_spec()->set_priority(5);
  const absl::Status reused = Create(other);
  EXPECT_EQ(reused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(reused), "REQUEST_ID_REUSED");
}

TEST_F(JobServiceTest, TakenIdIsRefused) {
  ASSERT_TRUE(Create(NoopRequest("mine")).ok());
  EXPECT_EQ(ReasonOf(Create(NoopRequest("mine"))), "ID_TAKEN");
}

TEST_F(JobServiceTest, WrongFieldsArriveWithTheirPaths) {
  v1::CreateJobRequest request = NoopRequest("x");
  request.mutable_job()->mutable_spec()->set_priority(1000);
  const absl::Status status = Create(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "BAD_FIELD");
  EXPECT_EQ(FieldViolationsOf(status).at(0).field, "job.spec.priority");
  EXPECT_TRUE(server_.store().Jobs().empty());
}

TEST_F(JobServiceTest, InputMustBeThere) {
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.mutable_job()->mutable_spec()->set_input_file("projects/default/files/absent");
  const absl::Status missing = Create(request);
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(missing), "FILE_NOT_READY");
  server_.Upload("here", "a,b\n1,2\n");
  request.mutable_job()->mutable_spec()->set_input_file("projects/default/files/here");
  EXPECT_TRUE(Create(request).ok());
  request.mutable_job()->mutable_spec()->set_reference("projects/default/references/absent");
  EXPECT_EQ(ReasonOf(Create(request)), "REFERENCE_MISSING");
}

TEST_F(JobServiceTest, RepeatedRequestFindsItsJobThoughTheInputIsGone) {
  server_.Upload("here", "a,b\n1,2\n");
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.set_request_id("r-1");
  request.mutable_job()->mutable_spec()->set_input_file("projects/default/files/here");
  ASSERT_TRUE(Create(request).ok());
  const std::string name = created_.job().name();
  ASSERT_TRUE(Cancel(name).ok());
  v1::DeleteFileRequest gone;
  gone.set_name("projects/default/files/here");
  v1::DeleteFileResponse deleted;
  ASSERT_TRUE(Call(*server_.files(), &v1::FileService::Stub::DeleteFile, gone, deleted).ok());
  ASSERT_TRUE(Create(request).ok());
  EXPECT_TRUE(created_.existed());
  EXPECT_EQ(created_.job().name(), name);
  request.mutable_job()->mutable_spec()->set_priority(1);
  EXPECT_EQ(ReasonOf(Create(request)), "FILE_NOT_READY");
}

TEST_F(JobServiceTest, InputOfALiveJobCannotBeDeleted) {
  server_.Upload("here", "a,b\n1,2\n");
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.mutable_job()->mutable_spec()->set_input_file("projects/default/files/here");
  ASSERT_TRUE(Create(request).ok());
  v1::DeleteFileRequest remove;
  remove.set_name("projects/default/files/here");
  v1::DeleteFileResponse removed;
  EXPECT_EQ(ReasonOf(Call(*server_.files(), &v1::FileService::Stub::DeleteFile, remove, removed)),
            "IN_USE");
}

TEST_F(JobServiceTest, UnknownJobIsNotFound) {
  v1::GetJobRequest request;
  request.set_name("projects/default/jobs/none");
  v1::GetJobResponse response;
  const absl::Status status = Call(*server_.jobs(), &Jobs::GetJob, request, response);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Cancel("projects/default/jobs/none")), "JOB_NOT_FOUND");
  v1::ListJobEventsRequest events;
  events.set_parent("projects/default/jobs/none");
  v1::ListJobEventsResponse listed;
  EXPECT_EQ(ReasonOf(Call(*server_.jobs(), &Jobs::ListJobEvents, events, listed)), "JOB_NOT_FOUND");
}

TEST_F(JobServiceTest, BatchGetKeepsTheOrderAndListsWhatIsMissing) {
  v1::BatchGetJobsRequest request;
  request.set_parent("projects/default");
  request.add_names(server_.CreateNoop("b"));
  request.add_names("projects/default/jobs/none");
  request.add_names(server_.CreateNoop("a"));
  ASSERT_TRUE(Cancel("projects/default/jobs/a").ok());
  v1::BatchGetJobsResponse response;
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::BatchGetJobs, request, response).ok());
  ASSERT_EQ(response.jobs_size(), 2);
  EXPECT_EQ(response.jobs(0).name(), "projects/default/jobs/b");
  EXPECT_EQ(response.jobs(0).state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(response.jobs(1).state(), v1::JOB_STATE_CANCELLED);
  EXPECT_THAT(response.not_found(), testing::ElementsAre("projects/default/jobs/none"));
}

TEST_F(JobServiceTest, LargeJobsFillAPageEarlier) {
  constexpr int kJobs = 40;
  v1::BatchGetJobsRequest all;
  all.set_parent("projects/default");
  for (int i = 0; i < kJobs; ++i) {
    v1::CreateJobRequest request = NoopRequest("j-" + std::to_string(i));
    v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
    spec.GetReflection()->MutableUnknownFields(&spec)->AddLengthDelimited(
        9999, std::string(250 * 1024, 'x'));
    ASSERT_TRUE(Create(request).ok());
    all.add_names(created_.job().name());
  }
  v1::BatchGetJobsResponse got;
  EXPECT_EQ(ReasonOf(Call(*server_.jobs(), &Jobs::BatchGetJobs, all, got)), "ANSWER_TOO_LARGE");
  v1::ListJobsRequest request;
  v1::ListJobsResponse first;
  ASSERT_TRUE(List(request, first).ok());
  EXPECT_LT(first.jobs_size(), kJobs);
  request.set_page_token(first.next_page_token());
  v1::ListJobsResponse last;
  ASSERT_TRUE(List(request, last).ok());
  EXPECT_EQ(first.jobs_size() + last.jobs_size(), kJobs);
  EXPECT_EQ(last.next_page_token(), "");
}

TEST_F(JobServiceTest, ListPagesThroughEveryJobOnce) {
  for (const char* id : {"a", "b", "c"}) server_.CreateNoop(id);
  v1::ListJobsRequest request;
  request.set_page_size(2);
  v1::ListJobsResponse page;
  ASSERT_TRUE(List(request, page).ok());
  ASSERT_EQ(page.jobs_size(), 2);
  EXPECT_EQ(page.jobs(0).name(), "projects/default/jobs/c");  // Newest first.
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(List(request, page).ok());
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).name(), "projects/default/jobs/a");
  EXPECT_EQ(page.next_page_token(), "");
  request.set_filter("state = QUEUED");
  EXPECT_EQ(ReasonOf(List(request, page)), "PAGE_TOKEN_MISMATCH");
}

TEST_F(JobServiceTest, ListFiltersAndNamesTheByteOfAnError) {
  server_.CreateNoop("a");
  ASSERT_TRUE(Cancel(server_.CreateNoop("b")).ok());
  v1::ListJobsRequest request;
  v1::ListJobsResponse page;
  request.set_filter("state = \"CANCELLED\"");
  ASSERT_TRUE(List(request, page).ok());
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).name(), "projects/default/jobs/b");
  request.set_filter("state = ");
  const absl::Status wrong = List(request, page);
  EXPECT_EQ(ReasonOf(wrong), "FILTER_SYNTAX");
  EXPECT_EQ(MetadataOf(wrong).at("position"), "8");
}

TEST_F(JobServiceTest, CancelOfAWaitingJobIsFinalAndRepeatable) {
  const std::string name = server_.CreateNoop("a");
  ASSERT_TRUE(Cancel(name).ok());
  EXPECT_EQ(cancelled_.job().state(), v1::JOB_STATE_CANCELLED);
  ASSERT_TRUE(Cancel(name).ok());
  EXPECT_EQ(cancelled_.job().state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(JobServiceTest, CancelOfAJobRecordedJustNowIsToBeTriedAgain) {
  WriteBatch batch;
  batch.epoch = 1;
  JobInsert& insert = batch.inserts.emplace_back();
  insert.record.key = 1;
  insert.record.name = {"default", "a"};
  insert.record.status.state = JobState::kQueued;
  ASSERT_TRUE(server_.store().Commit(batch).ok());
  const absl::Status status = Cancel("projects/default/jobs/a");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "JOB_NOT_LOADED");
}

TEST_F(JobServiceTest, CompletedJobCannotBeCancelled) {
  const std::string name = server_.CreateNoop("a");
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  worker.Complete(worker.TakeGrant(), {});
  const absl::Status status = Cancel(name);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "ILLEGAL_TRANSITION");
  EXPECT_EQ(MetadataOf(status).at("state"), "COMPLETED");
}

TEST_F(JobServiceTest, EventsTellTheStoryInPages) {
  const std::string name = server_.CreateNoop("a");
  ASSERT_TRUE(Cancel(name).ok());
  v1::ListJobEventsRequest request;
  request.set_parent(name);
  request.set_page_size(1);
  std::vector<std::string> story;
  do {
    v1::ListJobEventsResponse page;
    ASSERT_TRUE(Call(*server_.jobs(), &Jobs::ListJobEvents, request, page).ok());
    ASSERT_EQ(page.events_size(), 1);
    story.push_back(page.events(0).event());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(story.front(), "create");
  EXPECT_EQ(story.back(), "cancel");
}

TEST_F(JobServiceTest, DatabaseThatIsAwayIsUnavailableWithARetryDelay) {
  server_.store().SetAvailable(false);
  v1::ListJobsResponse page;
  const absl::Status status = List({}, page);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE");
  EXPECT_TRUE(RetryDelayOf(status).has_value());
  server_.store().SetAvailable(true);
}

TEST_F(JobServiceTest, FullExecutorIsResourceExhausted) {
  std::promise<void> started;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  ASSERT_TRUE(server_.blocking().Submit([&started, released] {
    started.set_value();
    released.wait();
  }));
  started.get_future().wait();  // From now on the queue does not shrink.
  while (server_.blocking().Submit([released] { released.wait(); })) {
  }
  v1::ListJobsResponse page;
  const absl::Status status = List({}, page);
  release.set_value();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
}

TEST_F(JobServiceTest, ReportOfACompletedJobIsServed) {
  const std::string name = server_.CreateNoop("a");
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  v1::Completion completion;
  completion.set_report_json(R"({"rows_in": 3, "rows_out": 2})");
  completion.set_verdict(v1::VERDICT_NOT_EVALUATED);
  worker.Complete(worker.TakeGrant(), completion);
  v1::GetReportRequest request;
  request.set_name("projects/default/reports/a");
  v1::GetReportResponse response;
  const absl::Status status =
      Call(*server_.reports(), &v1::ReportService::Stub::GetReport, request, response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.report().rows_in(), 3);
  request.set_name("projects/default/reports/none");
  EXPECT_EQ(
      ReasonOf(Call(*server_.reports(), &v1::ReportService::Stub::GetReport, request, response)),
      "REPORT_NOT_FOUND");
}

}  // namespace
}  // namespace dq
