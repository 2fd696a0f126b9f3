#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"

namespace dq {
namespace {

// A client's side of one watch.
class WatchStream {
 public:
  WatchStream(ApiServer& server, const std::vector<std::string>& names,
              const std::string& resume_token = "", const std::string& parent = "projects/default")
      : stub_(server.jobs()) {
    v1::WatchJobsRequest request;
    request.set_parent(parent);
    for (const std::string& name : names) request.add_names(name);
    request.set_resume_token(resume_token);
    reader_ = stub_->WatchJobs(&context_, request);
  }
  ~WatchStream() { context_.TryCancel(); }

  // Returns the next job; an empty one when the stream ended.
  v1::Job NextJob() {
    v1::WatchJobsResponse response;
    while (reader_->Read(&response)) {
      if (response.has_job()) return response.job();
    }
    return {};
  }
  // Returns the next bookmark's token; "" when the stream ended.
  std::string NextBookmark() {
    v1::WatchJobsResponse response;
    while (reader_->Read(&response)) {
      if (response.has_bookmark()) return response.bookmark().resume_token();
    }
    return "";
  }
  absl::Status End() {
    v1::WatchJobsResponse response;
    while (reader_->Read(&response)) {
    }
    return FromGrpcStatus(reader_->Finish());
  }

 private:
  std::unique_ptr<v1::JobService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchJobsResponse>> reader_;
};

void Cancel(ApiServer& server, const std::string& name) {
  v1::CancelJobRequest request;
  request.set_name(name);
  v1::CancelJobResponse response;
  EXPECT_TRUE(Call(*server.jobs(), &v1::JobService::Stub::CancelJob, request, response).ok());
}

WatchLimits FastLimits() {
  WatchLimits limits;
  limits.bookmark_interval = absl::Milliseconds(20);
  limits.progress_interval = absl::Milliseconds(20);
  limits.watches_max = 2;
  return limits;
}

TEST(WatchJobs, SnapshotThenEveryStateUntilTheEnd) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  WatchStream watch(server, {name});
  EXPECT_EQ(watch.NextJob().state(), v1::JOB_STATE_QUEUED);
  FakeWorker worker(server.workers());
  worker.Hello("w-1");
  const v1::Grant grant = worker.TakeGrant();
  EXPECT_EQ(watch.NextJob().state(), v1::JOB_STATE_PROCESSING);
  worker.Complete(grant, {});
  v1::Job job;
  do {
    job = watch.NextJob();
  } while (job.state() == v1::JOB_STATE_PROCESSING);  // Progress may come in between.
  EXPECT_EQ(job.state(), v1::JOB_STATE_COMPLETED);
  EXPECT_TRUE(watch.End().ok());
}

TEST(WatchJobs, EndedJobIsToldAndTheWatchEnds) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  Cancel(server, name);
  WatchStream watch(server, {name});
  EXPECT_EQ(watch.NextJob().state(), v1::JOB_STATE_CANCELLED);
  EXPECT_TRUE(watch.End().ok());
}

TEST(WatchJobs, ProgressArrives) {
  ApiServer server(FastLimits());
  const std::string name = server.CreateNoop("a");
  WatchStream watch(server, {name});
  FakeWorker worker(server.workers());
  worker.Hello("w-1");
  v1::LeaseReport report;
  *report.mutable_lease() = worker.TakeGrant().lease();
  report.mutable_progress()->set_percent(40);
  worker.Report(&report, 0);
  v1::Job job;
  do {
    job = watch.NextJob();
    ASSERT_NE(job.name(), "");
  } while (job.progress().percent() < 40);
  EXPECT_EQ(job.state(), v1::JOB_STATE_PROCESSING);
}

TEST(WatchJobs, WatchOfTheProjectSeesNewJobs) {
  ApiServer server(FastLimits());
  WatchStream watch(server, {});
  ASSERT_NE(watch.NextBookmark(), "");  // The watch is open.
  server.CreateNoop("a");
  server.CreateNoop("b");
  EXPECT_EQ(watch.NextJob().name(), "projects/default/jobs/a");
  EXPECT_EQ(watch.NextJob().name(), "projects/default/jobs/b");
}

TEST(WatchJobs, ResumedWatchMissesNothing) {
  ApiServer server(FastLimits());
  const std::string name = server.CreateNoop("a");
  std::string token;
  {
    WatchStream watch(server, {name});
    EXPECT_EQ(watch.NextJob().state(), v1::JOB_STATE_QUEUED);
    token = watch.NextBookmark();
    ASSERT_NE(token, "");
  }
  Cancel(server, name);
  WatchStream resumed(server, {name}, token);
  EXPECT_EQ(resumed.NextJob().state(), v1::JOB_STATE_CANCELLED);
  EXPECT_TRUE(resumed.End().ok());
}

TEST(WatchJobs, BadTokensAreTypedErrors) {
  ApiServer server;
  const std::string name = server.CreateNoop("a");
  EXPECT_EQ(ReasonOf(WatchStream(server, {name}, "rubbish").End()), "BAD_FIELD");
  const absl::Status expired = WatchStream(server, {name}, "1").End();
  EXPECT_EQ(expired.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(expired), "WATCH_TOKEN_EXPIRED");
}

TEST(WatchJobs, UnknownJobIsNotFound) {
  ApiServer server;
  EXPECT_EQ(ReasonOf(WatchStream(server, {"projects/default/jobs/none"}).End()), "JOB_NOT_FOUND");
}

TEST(WatchJobs, NumberOfWatchesIsLimited) {
  ApiServer server(FastLimits());
  WatchStream first(server, {});
  WatchStream second(server, {});
  ASSERT_NE(first.NextBookmark(), "");
  ASSERT_NE(second.NextBookmark(), "");
  const absl::Status status = WatchStream(server, {}).End();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_WATCHES");
}

TEST(WatchJobs, DrainEndsWatchesSoThatClientsGoElsewhere) {
  ApiServer server(FastLimits());
  WatchStream watch(server, {});
  ASSERT_NE(watch.NextBookmark(), "");
  server.job_service().Drain();
  EXPECT_EQ(ReasonOf(watch.End()), "DRAINING");
  EXPECT_EQ(ReasonOf(WatchStream(server, {}).End()), "DRAINING");
}

TEST(WatchJobs, BookmarksOfAQuietProjectAdvanceWithTheOthers) {
  ApiServer server(FastLimits());
  WatchStream watch(server, {}, "", "projects/quiet");
  const std::string before = watch.NextBookmark();
  ASSERT_NE(before, "");
  server.CreateNoop("a");
  std::string bookmark;
  do {
    bookmark = watch.NextBookmark();
  } while (bookmark == before);
  EXPECT_GT(std::stoll(bookmark), std::stoll(before));
}

}  // namespace
}  // namespace dq
