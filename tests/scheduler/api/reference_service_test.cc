#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/fake_worker.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using References = v1::ReferenceService::Stub;

constexpr char kMaster[] = "projects/default/references/master";

class ReferenceServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"f-1", "f-2"}) server_.Upload(id, std::string("id\n") + id + "\n");
    create_.set_parent("projects/default");
    create_.set_reference_id("master");
    create_.mutable_reference()->set_file("projects/default/files/f-1");
    create_.mutable_reference()->add_key_columns("id");
    update_.mutable_reference()->set_name(kMaster);
  }

  absl::StatusOr<v1::Reference> Create() {
    v1::CreateReferenceResponse response;
    const absl::Status status =
        Call(*server_.references(), &References::CreateReference, create_, response);
    if (!status.ok()) return status;
    return response.reference();
  }
  absl::StatusOr<v1::Reference> Update() {
    v1::UpdateReferenceResponse response;
    const absl::Status status =
        Call(*server_.references(), &References::UpdateReference, update_, response);
    if (!status.ok()) return status;
    return response.reference();
  }
  v1::Reference Get(const std::string& name = kMaster) {
    v1::GetReferenceRequest request;
    request.set_name(name);
    v1::GetReferenceResponse response;
    const absl::Status status =
        Call(*server_.references(), &References::GetReference, request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response.reference();
  }
  // Runs the validation that waits: a report of `rows` rows, `repeated` of which repeat a key.
  v1::Grant Validate(FakeWorker& worker, int rows, int repeated) {
    v1::Grant grant = worker.TakeGrant();
    v1::Completion completion;
    completion.set_manifest_uri(grant.output_prefix() + "/a1/manifest.json");
    completion.set_report_json(
        "{\"rows_in\": " + std::to_string(rows) + ", \"rows_out\": " + std::to_string(rows) +
        ", \"duplicates_kept\": {\"exact\": " + std::to_string(repeated) + "}}");
    completion.set_verdict(v1::VERDICT_NOT_EVALUATED);
    v1::ProducedFile& copy = *completion.add_files();
    copy.set_kind(v1::OUTPUT_KIND_CLEANED);
    copy.set_uri(grant.output_prefix() + "/a1/copy.csv");
    copy.set_size_bytes(1);
    copy.set_sha256(std::string(64, 'c'));
    copy.set_display_name("copy.csv");
    worker.Complete(grant, completion);
    return grant;
  }
  bool Becomes(v1::ReferenceState state) {
    return WaitUntil([&] { return Get().versions(0).state() == state; });
  }

  ApiServer server_;
  v1::CreateReferenceRequest create_;
  v1::UpdateReferenceRequest update_;
};

TEST_F(ReferenceServiceTest, AReferenceIsReadBeforeItIsReady) {
  const auto created = Create();
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->state(), v1::REFERENCE_STATE_VALIDATING);
  EXPECT_EQ(created->version(), 1);
  ASSERT_EQ(created->versions_size(), 1);
  server_.StartValidation();
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  const v1::Grant grant = Validate(worker, 10, 0);
  EXPECT_EQ(grant.lease().job(), created->versions(0).validation_job());
  ASSERT_EQ(grant.stages_size(), 1);
  EXPECT_THAT(grant.stages(0).dedupe().columns(), testing::ElementsAre("id"));
  EXPECT_EQ(grant.stages(0).dedupe().duplicates(), v1::DUPLICATE_HANDLING_KEEP);
  ASSERT_TRUE(Becomes(v1::REFERENCE_STATE_READY));
  // The copy that the job wrote is gone.
  const v1::Job job = server_.Get(grant.lease().job());
  ASSERT_EQ(job.output_files_size(), 1);
  EXPECT_TRUE(WaitUntil([&] {
    v1::GetFileRequest request;
    request.set_name(job.output_files(0).file());
    v1::GetFileResponse response;
    return absl::IsNotFound(
        Call(*server_.files(), &v1::FileService::Stub::GetFile, request, response));
  }));
}

TEST_F(ReferenceServiceTest, KeysThatRowsHaveInCommonRefuseIt) {
  ASSERT_TRUE(Create().ok());
  server_.StartValidation();
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  Validate(worker, 10, 3);
  ASSERT_TRUE(Becomes(v1::REFERENCE_STATE_REFUSED));
  const v1::Reference refused = Get();
  EXPECT_EQ(refused.state(), v1::REFERENCE_STATE_REFUSED);
  EXPECT_EQ(refused.versions(0).error().reason(), "KEY_NOT_UNIQUE");
  EXPECT_EQ(refused.versions(0).error().metadata().at("rows"), "3");
  update_.mutable_reference()->set_active(true);
  EXPECT_EQ(ReasonOf(Update().status()), "REFERENCE_REFUSED");
  // The same file once more is a version of its own.
  update_.mutable_reference()->set_active(false);
  update_.mutable_reference()->set_file("projects/default/files/f-1");
  const auto again = Update();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->newest_version(), 2);
  EXPECT_EQ(again->versions(0).state(), v1::REFERENCE_STATE_VALIDATING);
}

TEST_F(ReferenceServiceTest, AFileThatCannotBeReadRefusesItForThatReason) {
  ASSERT_TRUE(Create().ok());
  server_.StartValidation();
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  v1::LeaseReport report;
  *report.mutable_lease() = worker.TakeGrant().lease();
  v1::Failure& failure = *report.mutable_outcome()->mutable_failure();
  failure.mutable_error()->set_reason("SCHEMA_INCOMPATIBLE");
  failure.mutable_error()->set_message("there is no column id");
  (*failure.mutable_error()->mutable_metadata())["category"] = "file";
  worker.Report(&report, 0);
  ASSERT_TRUE(Becomes(v1::REFERENCE_STATE_REFUSED));
  EXPECT_EQ(Get().versions(0).error().reason(), "SCHEMA_INCOMPATIBLE");
}

TEST_F(ReferenceServiceTest, AFileWithoutRowsAndAStoppedJobRefuseIt) {
  ASSERT_TRUE(Create().ok());
  server_.StartValidation();
  FakeWorker worker(server_.workers());
  worker.Hello("w-1");
  Validate(worker, 0, 0);
  ASSERT_TRUE(Becomes(v1::REFERENCE_STATE_REFUSED));
  EXPECT_EQ(Get().versions(0).error().reason(), "NO_ROWS");
  update_.mutable_reference()->set_file("projects/default/files/f-2");
  const auto updated = Update();
  ASSERT_TRUE(updated.ok()) << updated.status();
  v1::CancelJobRequest cancel;
  cancel.set_name(updated->versions(0).validation_job());
  v1::CancelJobResponse cancelled;
  ASSERT_TRUE(WaitUntil([&] {
    return Call(*server_.jobs(), &v1::JobService::Stub::CancelJob, cancel, cancelled).ok();
  }));
  ASSERT_TRUE(Becomes(v1::REFERENCE_STATE_REFUSED));
  EXPECT_EQ(Get().versions(0).error().reason(), "VALIDATION_STOPPED");
}

TEST_F(ReferenceServiceTest, AnotherFileIsANewVersionAndTheSameIsNot) {
  create_.set_skip_validation(true);
  update_.set_skip_validation(true);
  ASSERT_TRUE(Create().ok());
  update_.mutable_reference()->set_file("projects/default/files/f-1");
  EXPECT_EQ(Update()->newest_version(), 1);
  update_.mutable_reference()->set_file("projects/default/files/f-2");
  const auto second = Update();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->version(), 2);
  EXPECT_EQ(second->file(), "projects/default/files/f-2");
  EXPECT_THAT(second->key_columns(), testing::ElementsAre("id"));
  EXPECT_EQ(second->state(), v1::REFERENCE_STATE_UNCHECKED);
  EXPECT_EQ(second->versions_size(), 2);
  EXPECT_EQ(second->versions(1).file(), "projects/default/files/f-1");
  update_.mutable_reference()->set_file("projects/default/files/absent");
  EXPECT_EQ(ReasonOf(Update().status()), "FILE_NOT_READY");
  update_.mutable_reference()->set_name("projects/default/references/absent");
  EXPECT_EQ(ReasonOf(Update().status()), "REFERENCE_NOT_FOUND");
}

TEST_F(ReferenceServiceTest, ActivatingEndsTheActivityOfTheOther) {
  create_.set_skip_validation(true);
  create_.mutable_reference()->set_active(true);
  EXPECT_TRUE(Create()->active());
  create_.set_reference_id("other");
  create_.mutable_reference()->set_active(false);
  ASSERT_TRUE(Create().ok());
  update_.mutable_reference()->set_name("projects/default/references/other");
  update_.mutable_reference()->set_active(true);
  EXPECT_TRUE(Update()->active());
  EXPECT_FALSE(Get().active());
  update_.mutable_reference()->set_active(false);
  EXPECT_EQ(ReasonOf(Update().status()), "BAD_FIELD");  // Nothing is set.
  update_.mutable_update_mask()->add_paths("active");
  EXPECT_FALSE(Update()->active());
}

TEST_F(ReferenceServiceTest, AnEtagGuardsAgainstWhatSomebodyElseHasChanged) {
  create_.set_skip_validation(true);
  const auto created = Create();
  update_.mutable_reference()->set_etag(created->etag());
  update_.mutable_reference()->set_display_name("masters");
  ASSERT_TRUE(Update().ok());
  update_.mutable_reference()->set_display_name("servants");
  EXPECT_EQ(ReasonOf(Update().status()), "ETAG_MISMATCH");
  EXPECT_EQ(Get().display_name(), "masters");
}

TEST_F(ReferenceServiceTest, BadUpdatesAreRefusedFieldByField) {
  update_.mutable_update_mask()->add_paths("stage");
  EXPECT_EQ(ReasonOf(Update().status()), "BAD_FIELD");
  update_.mutable_update_mask()->set_paths(0, "file");
  update_.mutable_reference()->set_file("projects/other/files/f-1");
  EXPECT_EQ(ReasonOf(Update().status()), "BAD_FIELD");
  update_.mutable_reference()->set_file("");
  EXPECT_EQ(ReasonOf(Update().status()), "BAD_FIELD");
}

}  // namespace
}  // namespace dq
