#include "scheduler/api/earlier_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using Jobs = v1::JobService::Stub;

constexpr char kEngine[] = "1.2.3";

class EarlierResultTest : public testing::Test {
 protected:
  EarlierResultTest() : worker_(server_.workers()) {
    server_.Upload("f-1", "id\n1\n");
    v1::Hello hello;
    hello.set_instance("w-1");
    hello.set_protocol(kWorkerProtocol);
    for (const char* stage : {"complete", "dedupe"}) hello.add_stages(stage);
    hello.set_slots(1);
    hello.set_version(kEngine);
    worker_.Hello(hello);
    request_.set_parent("projects/default");
    spec().set_input_file("projects/default/files/f-1");
    spec().set_use_cached_result(true);
  }

  v1::JobSpec& spec() { return *request_.mutable_job()->mutable_spec(); }
  v1::Job Create() {
    v1::CreateJobResponse response;
    const absl::Status status = Call(*server_.jobs(), &Jobs::CreateJob, request_, response);
    EXPECT_TRUE(status.ok()) << status;
    return response.job();
  }
  // Runs the job that waits, with an output, by an engine of this version.
  void Run(const std::string& version = kEngine) {
    const v1::Grant grant = worker_.TakeGrant();
    v1::Completion completion;
    completion.set_manifest_uri(grant.output_prefix() + "/a1/manifest.json");
    completion.set_report_json("{\"rows_in\": 1, \"provenance\": {\"version\": \"" + version +
                               "\"}}");
    completion.set_quality_score(77);
    completion.set_verdict(v1::VERDICT_NOT_EVALUATED);
    v1::ProducedFile& cleaned = *completion.add_files();
    cleaned.set_kind(v1::OUTPUT_KIND_CLEANED);
    cleaned.set_uri(grant.output_prefix() + "/a1/cleaned.csv");
    cleaned.set_size_bytes(3);
    cleaned.set_sha256(std::string(64, 'd'));
    cleaned.set_display_name("cleaned.csv");
    const std::string path =
        server_.root().path() + "/" + cleaned.uri().substr(std::string("file:///").size());
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "id\n";
    output_path_ = path;
    worker_.Complete(grant, completion);
  }

  ApiServer server_;
  FakeWorker worker_;
  v1::CreateJobRequest request_;
  std::string output_path_;
};

TEST_F(EarlierResultTest, TheSameWorkIsNotDoneTwice) {
  const v1::Job first = Create();
  EXPECT_EQ(first.cached_from(), "");
  Run();
  const v1::Job second = Create();
  EXPECT_EQ(second.state(), v1::JOB_STATE_COMPLETED);
  EXPECT_EQ(second.attempt(), 0);
  EXPECT_EQ(second.cached_from(), first.name());
  EXPECT_EQ(second.quality_score(), 77);
  ASSERT_EQ(second.output_files_size(), 1);
  EXPECT_EQ(second.output_files(0).file(), server_.Get(first.name()).output_files(0).file());
  EXPECT_EQ(server_.Get(second.name()).cached_from(), first.name());
  // The result of a result is that of the one that ran; also of another upload of these bytes.
  server_.Upload("f-2", "id\n1\n");
  EXPECT_EQ(Create().cached_from(), first.name());
  v1::DeleteFileRequest remove;
  remove.set_name(second.output_files(0).file());
  v1::DeleteFileResponse removed;
  EXPECT_EQ(ReasonOf(Call(*server_.files(), &v1::FileService::Stub::DeleteFile, remove, removed)),
            "IN_USE");
}

TEST_F(EarlierResultTest, WhoDoesNotAskRuns) {
  Create();
  Run();
  spec().set_use_cached_result(false);
  EXPECT_NE(Create().state(), v1::JOB_STATE_COMPLETED);
}

TEST_F(EarlierResultTest, AnotherOptionOrOtherBytesRun) {
  Create();
  Run();
  spec().mutable_gate()->set_min_score(10);
  EXPECT_EQ(Create().cached_from(), "");
  spec().clear_gate();
  server_.Upload("f-2", "id\n2\n");
  spec().set_input_file("projects/default/files/f-2");
  EXPECT_EQ(Create().cached_from(), "");
}

TEST_F(EarlierResultTest, AResultOfAnotherEngineIsNotTaken) {
  Create();
  Run("1.2.2");
  EXPECT_EQ(Create().cached_from(), "");
}

TEST_F(EarlierResultTest, AResultWhoseFilesAreGoneIsNotTaken) {
  Create();
  Run();
  std::filesystem::remove(output_path_);
  EXPECT_EQ(Create().cached_from(), "");
}

TEST_F(EarlierResultTest, AJobThatWaitsForAnotherOrForATimeRuns) {
  const v1::Job first = Create();
  Run();
  spec().add_depends_on(first.name());
  EXPECT_EQ(Create().cached_from(), "");
  spec().clear_depends_on();
  spec().mutable_not_before()->set_seconds(4'000'000'000);
  EXPECT_EQ(Create().state(), v1::JOB_STATE_PENDING);
}

TEST_F(EarlierResultTest, JobsInBulkAndOfBatchesAskAsWell) {
  const v1::Job first = Create();
  Run();
  v1::BatchCreateJobsRequest bulk;
  bulk.set_parent("projects/default");
  *bulk.add_requests() = request_;
  v1::BatchCreateJobsResponse created;
  ASSERT_TRUE(Call(*server_.jobs(), &Jobs::BatchCreateJobs, bulk, created).ok());
  EXPECT_EQ(server_.Get(created.results(0).name()).cached_from(), first.name());
  v1::CreateBatchRequest batch;
  batch.set_parent("projects/default");
  *batch.mutable_batch()->add_operations()->mutable_spec() = spec();
  v1::CreateBatchResponse response;
  ASSERT_TRUE(Call(*server_.batches(), &v1::BatchService::Stub::CreateBatch, batch, response).ok());
  v1::GetBatchRequest get;
  get.set_name(response.batch().name());
  v1::GetBatchResponse got;
  EXPECT_TRUE(WaitUntil([&] {
    return Call(*server_.batches(), &v1::BatchService::Stub::GetBatch, get, got).ok() &&
           got.batch().state() == v1::BATCH_STATE_COMPLETED;
  }));
}

TEST(IsSameWork, IsDecidedByWhatDecidesAboutTheResult) {
  v1::Grant grant;
  grant.add_stages()->mutable_complete()->set_min_confidence(0.5);
  grant.mutable_input()->set_sha256("a");
  grant.mutable_input()->set_display_name("in.csv");
  grant.mutable_reference()->set_sha256("r");
  v1::Grant other = grant;
  other.mutable_input()->set_uri("file:///elsewhere");
  other.set_output_prefix("file:///projects/p/jobs/j");
  other.mutable_execution_timeout()->set_seconds(5);
  other.set_cached_from("projects/p/jobs/i");
  EXPECT_TRUE(IsSameWork(grant, other));
  const auto differs = [&](auto change) {
    v1::Grant changed = grant;
    change(changed);
    return !IsSameWork(grant, changed);
  };
  EXPECT_TRUE(differs([](v1::Grant& g) { g.mutable_input()->set_sha256("b"); }));
  EXPECT_TRUE(differs([](v1::Grant& g) { g.mutable_input()->set_display_name("b.csv"); }));
  EXPECT_TRUE(differs([](v1::Grant& g) { g.mutable_reference()->set_sha256("s"); }));
  EXPECT_TRUE(differs([](v1::Grant& g) { g.mutable_reference()->add_key_columns("id"); }));
  EXPECT_TRUE(differs([](v1::Grant& g) { g.clear_reference(); }));
  EXPECT_TRUE(differs([](v1::Grant& g) {
    g.mutable_stages(0)->mutable_complete()->set_fill(v1::FILL_METHOD_NONE);
  }));
  EXPECT_TRUE(differs([](v1::Grant& g) { (*g.mutable_form())["header"] = "no"; }));
  EXPECT_TRUE(differs([](v1::Grant& g) { g.mutable_gate()->set_min_score(5); }));
}

}  // namespace
}  // namespace dq
