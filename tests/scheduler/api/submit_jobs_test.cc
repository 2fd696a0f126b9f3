// The stream on which jobs are submitted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using Stream = grpc::ClientReaderWriter<v1::SubmitJobsRequest, v1::SubmitJobsResponse>;

v1::CreateJobRequest Noop(const std::string& job_id, const std::string& request_id = "") {
  v1::CreateJobRequest request;
  request.set_job_id(job_id);
  request.set_request_id(request_id);
  request.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  return request;
}

v1::SubmitJobsRequest Message(const std::vector<v1::CreateJobRequest>& jobs,
                              const std::string& parent = "projects/default") {
  v1::SubmitJobsRequest message;
  message.set_parent(parent);
  for (const v1::CreateJobRequest& job : jobs) *message.add_requests() = job;
  return message;
}

// One call of SubmitJobs.
class Submit {
 public:
  explicit Submit(ApiServer& server, std::chrono::milliseconds deadline = std::chrono::seconds(20))
      : stub_(server.jobs()) {
    context_.set_deadline(std::chrono::system_clock::now() + deadline);
    stream_ = stub_->SubmitJobs(&context_);
  }

  Stream& stream() { return *stream_; }
  std::vector<v1::BatchCreateJobsResult> Read() {
    v1::SubmitJobsResponse response;
    if (!stream_->Read(&response)) return {};
    return {response.results().begin(), response.results().end()};
  }
  absl::Status End() { return FromGrpcStatus(stream_->Finish()); }
  void Cancel() { context_.TryCancel(); }

 private:
  std::unique_ptr<v1::JobService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

class SubmitJobsTest : public testing::Test {
 protected:
  ApiServer server_;
};

TEST_F(SubmitJobsTest, EveryMessageIsAnsweredInOrderWithOneResultAJob) {
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a"), Noop("B@D"), Noop("c")}));
  submit.stream().Write(Message({}));
  submit.stream().Write(Message({Noop("d")}, ""));
  submit.stream().WritesDone();
  const auto first = submit.Read();
  ASSERT_EQ(first.size(), 3);
  EXPECT_EQ(first[0].name(), "projects/default/jobs/a");
  EXPECT_EQ(first[1].error().reason(), "BAD_FIELD");
  EXPECT_EQ(first[2].name(), "projects/default/jobs/c");
  EXPECT_TRUE(submit.Read().empty());
  const auto third = submit.Read();
  ASSERT_EQ(third.size(), 1);
  EXPECT_EQ(third[0].name(), "projects/default/jobs/d");
  EXPECT_TRUE(submit.End().ok());
  EXPECT_EQ(server_.Get("projects/default/jobs/d").state(), v1::JOB_STATE_QUEUED);
}

TEST_F(SubmitJobsTest, NothingIsAnsweredBeforeItIsDurable) {
  server_.store().HoldCommits();
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a")}));
  submit.stream().WritesDone();
  EXPECT_TRUE(server_.store().Jobs().empty());
  server_.store().ReleaseCommits();
  ASSERT_EQ(submit.Read().size(), 1);
  EXPECT_EQ(server_.store().Jobs().size(), 1);
  EXPECT_TRUE(submit.End().ok());
}

TEST_F(SubmitJobsTest, AMessageThatIsSentAgainOnANewStreamCreatesNothingTwice) {
  const v1::SubmitJobsRequest message = Message({Noop("", "r-1"), Noop("", "r-2")});
  std::vector<std::string> names;
  for (const bool existed : {false, true}) {
    Submit submit(server_);
    submit.stream().Write(message);
    submit.stream().WritesDone();
    for (const auto& result : submit.Read()) {
      EXPECT_EQ(result.existed(), existed);
      names.push_back(result.name());
    }
    EXPECT_TRUE(submit.End().ok());
  }
  ASSERT_EQ(names.size(), 4);
  EXPECT_EQ(names[0], names[2]);
  EXPECT_EQ(names[1], names[3]);
}

TEST_F(SubmitJobsTest, AMessageThatIsWrongAsAWholeEndsTheStreamAfterTheAnswersBeforeIt) {
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a")}));
  submit.stream().Write(Message({Noop("b")}, "projects/other"));
  EXPECT_EQ(submit.Read().size(), 1);
  EXPECT_TRUE(submit.Read().empty());
  EXPECT_EQ(ReasonOf(submit.End()), "BAD_FIELD");
}

TEST_F(SubmitJobsTest, AStreamWithoutAProjectIsRefused) {
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a")}, ""));
  EXPECT_TRUE(submit.Read().empty());
  EXPECT_EQ(ReasonOf(submit.End()), "BAD_FIELD");
}

TEST_F(SubmitJobsTest, WhatIsMoreThanMayWaitIsReadOnceEarlierMessagesAreAnswered) {
  constexpr int kMessages = 12;
  server_.store().HoldCommits();
  Submit submit(server_);
  const v1::SubmitJobsRequest message = Message(std::vector<v1::CreateJobRequest>(1000, Noop("")));
  std::thread writer([&] {
    for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(submit.stream().Write(message));
    submit.stream().WritesDone();
  });
  server_.store().ReleaseCommits();
  size_t created = 0;
  for (int i = 0; i < kMessages; ++i) created += submit.Read().size();
  writer.join();
  EXPECT_EQ(created, kMessages * 1000);
  EXPECT_TRUE(submit.End().ok());
}

TEST_F(SubmitJobsTest, AStreamEndsWhenItsSchedulerGoesAway) {
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a")}));
  EXPECT_EQ(submit.Read().size(), 1);
  server_.job_service().Drain();
  EXPECT_TRUE(submit.Read().empty());
  EXPECT_EQ(ReasonOf(submit.End()), "DRAINING");
  Submit later(server_);
  EXPECT_TRUE(later.Read().empty());
  EXPECT_EQ(ReasonOf(later.End()), "DRAINING");
}

TEST_F(SubmitJobsTest, AClientThatGoesAwayLeavesItsJobs) {
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a")}));
  EXPECT_TRUE(WaitUntil([&] { return server_.store().Jobs().size() == 1; }));
  submit.Cancel();
  EXPECT_TRUE(absl::IsCancelled(submit.End()));
  EXPECT_EQ(server_.Get("projects/default/jobs/a").state(), v1::JOB_STATE_QUEUED);
}

TEST_F(SubmitJobsTest, WithoutTheDatabaseTheStreamEndsAndTheMessageHasNoAnswer) {
  Submit submit(server_);
  submit.stream().Write(Message({Noop("a", "r-1")}));
  EXPECT_EQ(submit.Read().size(), 1);
  server_.store().SetAvailable(false);
  EXPECT_TRUE(WaitUntil([&] {
    // One that comes before the outage is known waits for its end.
    Submit next(server_, std::chrono::milliseconds(200));
    next.stream().Write(Message({Noop("", "r-2")}));
    next.stream().WritesDone();
    return next.Read().empty() && ReasonOf(next.End()) == "DATABASE_UNAVAILABLE";
  }));
  server_.store().SetAvailable(true);
}

TEST_F(SubmitJobsTest, WithoutTheDatabaseAJobWhoseInputCannotBeLookedUpIsNotRefused) {
  Submit submit(server_);
  server_.store().SetAvailable(false);
  v1::CreateJobRequest job = Noop("a", "r-1");
  job.mutable_job()->mutable_spec()->set_input_file("projects/default/files/f-1");
  submit.stream().Write(Message({job}));
  EXPECT_THAT(submit.Read(), testing::IsEmpty());
  EXPECT_EQ(ReasonOf(submit.End()), "DATABASE_UNAVAILABLE");
  server_.store().SetAvailable(true);
}

}  // namespace
}  // namespace dq
