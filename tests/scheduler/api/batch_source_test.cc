// Batches that are expanded from a directory or a generator, and batches too large for one message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/batch_source.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Batches = v1::BatchService::Stub;

class BatchSourceTest : public testing::Test {
 protected:
  static v1::CreateBatchRequest Directory(const std::string& prefix, const std::string& glob = "") {
    v1::CreateBatchRequest request;
    request.set_parent("projects/default");
    request.set_batch_id("b");
    v1::BatchDirectory& directory = *request.mutable_batch()->mutable_directory();
    directory.set_prefix(prefix);
    directory.set_glob(glob);
    directory.mutable_template_()->add_stages()->mutable_dedupe();
    return request;
  }
  static v1::CreateBatchRequest Generator(int32_t count) {
    v1::CreateBatchRequest request;
    request.set_parent("projects/default");
    request.set_batch_id("b");
    v1::BatchGenerator& generator = *request.mutable_batch()->mutable_generator();
    generator.set_count(count);
    generator.mutable_template_()->mutable_spec()->add_stages()->mutable_noop();
    return request;
  }
  absl::StatusOr<v1::CreateBatchResponse> Create(const v1::CreateBatchRequest& request) {
    v1::CreateBatchResponse response;
    const absl::Status status = Call(*server_.batches(), &Batches::CreateBatch, request, response);
    if (!status.ok()) return status;
    return response;
  }
  v1::Batch Get() {
    v1::GetBatchRequest request;
    request.set_name("projects/default/batches/b");
    v1::GetBatchResponse response;
    const absl::Status status = Call(*server_.batches(), &Batches::GetBatch, request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response.batch();
  }
  void Retry() {
    ASSERT_TRUE(WaitUntil([&] { return Get().has_end_time(); }));
    v1::RetryBatchRequest request;
    request.set_name("projects/default/batches/b");
    v1::RetryBatchResponse response;
    const absl::Status status = Call(*server_.batches(), &Batches::RetryBatch, request, response);
    EXPECT_TRUE(status.ok()) << status;
  }
  bool AwaitQueued(int64_t count) {
    return WaitUntil([&] { return Get().counts().queued() == count; });
  }
  bool AwaitState(v1::BatchState state) {
    return WaitUntil([&] { return Get().state() == state; });
  }
  v1::Job Job(int index) { return server_.Get("projects/default/jobs/b-" + std::to_string(index)); }
  // Streams the operations in these messages, after the header.
  absl::StatusOr<v1::SubmitBatchResponse> Submit(const std::vector<v1::SubmitBatchRequest>& all) {
    grpc::ClientContext context;
    v1::SubmitBatchResponse response;
    const auto stub = server_.batches();
    const auto writer = stub->SubmitBatch(&context, &response);
    for (const v1::SubmitBatchRequest& message : all) {
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    const absl::Status status = FromGrpcStatus(writer->Finish());
    if (!status.ok()) return status;
    return response;
  }
  static v1::SubmitBatchRequest Header(int operations, const std::string& request_id = "") {
    v1::SubmitBatchRequest message;
    message.set_operation_count(operations);
    message.mutable_header()->set_parent("projects/default");
    message.mutable_header()->set_batch_id("b");
    message.mutable_header()->set_request_id(request_id);
    message.mutable_header()->mutable_batch();
    return message;
  }
  static v1::SubmitBatchRequest Noops(int count) {
    v1::SubmitBatchRequest message;
    for (int i = 0; i < count; ++i) {
      message.add_operations()->mutable_spec()->add_stages()->mutable_noop();
    }
    return message;
  }
  // Returns which fields a request is refused for.
  std::vector<std::string> FieldsOf(const v1::CreateBatchRequest& request) {
    std::vector<std::string> fields;
    for (const FieldViolation& violation : FieldViolationsOf(Create(request).status())) {
      fields.push_back(violation.field);
    }
    return fields;
  }
  void Write(const std::string& key, const std::string& text) {
    const fs::path path = fs::path(server_.root().path()) / key;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  ApiServer server_;
};

TEST_F(BatchSourceTest, EveryFileOfADirectoryThatFitsIsRegisteredAndBecomesAJob) {
  Write("in/b.csv", "id\n1\n");
  Write("in/a.csv", "id\n1\n2\n");
  Write("in/.hidden.csv", "id\n");
  Write("in/notes.txt", "no table");
  Write("in/sub/c.csv", "id\n");
  Write("projects/default/files/own", "id\n");
  fs::create_symlink(fs::path(server_.root().path()) / "in/notes.txt",
                     fs::path(server_.root().path()) / "in/link.csv");
  v1::CreateBatchRequest request = Directory("file:///in", "*.csv");
  (*request.mutable_batch()->mutable_labels())["team"] = "sales";
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_TRUE(AwaitQueued(2));
  const v1::Batch batch = Get();
  EXPECT_EQ(batch.counts().total(), 2);
  EXPECT_EQ(batch.expansion().state(), v1::BATCH_EXPANSION_STATE_EXPANDED);
  EXPECT_EQ(batch.expansion().found(), 2);
  EXPECT_EQ(batch.expansion().recorded(), 2);
  EXPECT_FALSE(batch.expansion().has_error());
  EXPECT_EQ(batch.directory().prefix(), "file:///in");
  EXPECT_EQ(batch.directory().glob(), "*.csv");
  EXPECT_EQ(Job(1).display_name(), "a.csv");
  EXPECT_EQ(Job(1).labels().at("team"), "sales");
  EXPECT_EQ(Job(2).display_name(), "b.csv");
  v1::GetFileRequest get;
  get.set_name(Job(1).spec().input_file());
  v1::GetFileResponse file;
  ASSERT_TRUE(Call(*server_.files(), &v1::FileService::Stub::GetFile, get, file).ok());
  EXPECT_EQ(file.file().uri(), "file:///in/a.csv");
  EXPECT_EQ(file.file().size_bytes(), 7);
  EXPECT_EQ(file.file().display_name(), "a.csv");
  EXPECT_EQ(file.file().created_by(), "tester");
}

TEST_F(BatchSourceTest, ARecursiveDirectoryIsListedByPathButForHiddenOnes) {
  for (const char* key : {"in/z.csv", "in/sub/b.csv", "in/sub/deep/a.csv", "in/.git/c.csv"}) {
    Write(key, "id\n1\n");
  }
  v1::CreateBatchRequest request = Directory("file:///in");
  request.mutable_batch()->mutable_directory()->set_recursive(true);
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(AwaitQueued(3));
  EXPECT_EQ(Job(1).display_name(), "sub/b.csv");
  EXPECT_EQ(Job(2).display_name(), "sub/deep/a.csv");
  EXPECT_EQ(Job(3).display_name(), "z.csv");
}

TEST_F(BatchSourceTest, AnEmptyOrMissingDirectoryFailsTheBatchWithAReasonAndARetryLooksAgain) {
  Write("other/a.csv", "id\n");
  ASSERT_TRUE(Create(Directory("file:///in", "*.csv")).ok());
  ASSERT_TRUE(AwaitState(v1::BATCH_STATE_FAILED));
  EXPECT_EQ(Get().expansion().state(), v1::BATCH_EXPANSION_STATE_HALTED);
  EXPECT_EQ(Get().expansion().error().reason(), "DIRECTORY_MISSING");
  EXPECT_EQ(Get().expansion().error().metadata().at("category"), "file");
  EXPECT_TRUE(Get().has_end_time());
  Write("in/notes.txt", "no table");
  Retry();
  ASSERT_TRUE(WaitUntil([&] { return Get().expansion().error().reason() == "DIRECTORY_EMPTY"; }));
  EXPECT_THAT(Get().expansion().error().message(), HasSubstr("fits '*.csv'"));
  ASSERT_TRUE(AwaitState(v1::BATCH_STATE_FAILED));
  Write("in/a.csv", "id\n1\n");
  Retry();
  ASSERT_TRUE(AwaitQueued(1));
  EXPECT_FALSE(Get().expansion().has_error());
}

TEST_F(BatchSourceTest, WhatIsNoReadableDirectoryBeneathTheRootFailsTheBatch) {
  Write("in", "a file");
  fs::create_symlink("/etc", fs::path(server_.root().path()) / "out");
  int created = 0;
  for (const char* prefix : {"file:///in", "file:///out"}) {
    v1::CreateBatchRequest request = Directory(prefix);
    request.set_batch_id("b" + std::string(created++, 'x'));
    ASSERT_TRUE(Create(request).ok());
    const auto view = [&] { return *server_.store().GetBatch("default", request.batch_id()); };
    ASSERT_TRUE(WaitUntil([&] { return view().record.end_time != absl::InfinitePast(); }));
    EXPECT_EQ(view().record.halt_reason, "DIRECTORY_UNREADABLE") << prefix;
    EXPECT_EQ(view().record.operations, 0);
  }
}

TEST_F(BatchSourceTest, AFileThatIsNoUtf8HaltsTheBatchAndIsNamed) {
  Write("in/a.csv", "id\n");
  Write("in/b\xff.csv", "id\n");
  ASSERT_TRUE(Create(Directory("file:///in")).ok());
  ASSERT_TRUE(AwaitState(v1::BATCH_STATE_FAILED));
  EXPECT_EQ(Get().expansion().error().reason(), "FILE_NAME_INVALID");
  EXPECT_THAT(Get().expansion().error().message(), HasSubstr("b?.csv"));
}

TEST_F(BatchSourceTest, AFileThatVanishesBeforeItIsReadIsRefusedUntilARetryFindsIt) {
  Write("in/a.csv", "id\n1\n");
  Write("in/b.csv", "id\n1\n");
  const auto objects = *OpenFileObjectStore(server_.root().path());
  BatchRecord batch = MakeBatchRecord(Directory("file:///in"), "tester", SystemClock().Now());
  const auto source =
      MakeSourceOpener(*objects, SystemClock())(batch, batch.source, [] { return true; });
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT((*source)->items(), ElementsAre("a.csv", "b.csv"));
  fs::remove(fs::path(server_.root().path()) / "in/a.csv");
  const auto operation = (*source)->Make("a.csv", [] { return true; });
  ASSERT_TRUE(operation.ok()) << operation.status();
  EXPECT_FALSE(operation->file.has_value());
  EXPECT_TRUE(absl::IsCancelled((*source)->Make("b.csv", [] { return false; }).status()));

  batch.expansion = BatchExpansion::kDone;
  batch.operations = 1;
  ASSERT_TRUE(server_.store().CreateBatch(batch, {operation->request}).ok());
  // Changes nothing, but has the runner look at it; refused when that has ended the batch already.
  v1::ResumeBatchRequest resume;
  resume.set_name("projects/default/batches/b");
  v1::ResumeBatchResponse resumed;
  (void)Call(*server_.batches(), &Batches::ResumeBatch, resume, resumed);
  ASSERT_TRUE(AwaitState(v1::BATCH_STATE_FAILED));
  ASSERT_EQ(Get().refusals_size(), 1);
  EXPECT_THAT(Get().refusals(0).message(), HasSubstr("file:///in/a.csv"));
  Write("in/a.csv", "id\n1\n2\n");
  Retry();
  ASSERT_TRUE(AwaitQueued(1));
  EXPECT_THAT(Job(1).spec().input_file(), HasSubstr("projects/default/files/f-"));
}

TEST_F(BatchSourceTest, AGeneratorMakesOperationsThatDifferInTheirNumber) {
  v1::CreateBatchRequest request = Generator(11);
  v1::BatchOperation& operation =
      *request.mutable_batch()->mutable_generator()->mutable_template_();
  operation.set_display_name("shard {index} of 11");
  (*operation.mutable_labels())["shard"] = "s-{index}";
  operation.mutable_spec()->set_concurrency_key("k{index}");
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(AwaitQueued(11));
  EXPECT_EQ(Job(2).display_name(), "shard 2 of 11");
  EXPECT_EQ(Job(11).labels().at("shard"), "s-11");
  EXPECT_EQ(Job(11).spec().concurrency_key(), "k11");
  EXPECT_EQ(Get().generator().count(), 11);
  EXPECT_EQ(Get().expansion().state(), v1::BATCH_EXPANSION_STATE_EXPANDED);
}

TEST_F(BatchSourceTest, AnInputWithANumberIsLookedUpWithItsJobAndARefusedOneIsRetried) {
  server_.Upload("part-1", "id\n1\n");
  v1::CreateBatchRequest request = Generator(2);
  v1::JobSpec& spec =
      *request.mutable_batch()->mutable_generator()->mutable_template_()->mutable_spec();
  spec.clear_stages();
  spec.set_input_file("projects/default/files/part-{index}");
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(WaitUntil([&] { return Get().refusals_size() == 1; }));
  EXPECT_EQ(Get().refusals(0).operation_index(), 2);
  EXPECT_EQ(Job(1).spec().input_file(), "projects/default/files/part-1");
  spec.set_input_file("projects/default/files/part-2");
  EXPECT_EQ(ReasonOf(Create(request).status()), "FILE_NOT_READY");  // Known to be missing.
}

TEST_F(BatchSourceTest, TheSameRequestIsTheSameBatchAndAnotherSourceIsAnotherBody) {
  v1::CreateBatchRequest request = Generator(2);
  request.set_request_id("r");
  ASSERT_TRUE(Create(request).ok());
  const auto again = Create(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  request.mutable_batch()->mutable_generator()->set_count(3);
  EXPECT_EQ(ReasonOf(Create(request).status()), "REQUEST_ID_REUSED");
}

TEST_F(BatchSourceTest, WhatMakesNoSenseIsRefusedAndNamed) {
  for (const char* prefix :
       {"", "in", "/in", "file:///", "file:///in/../x", "file:///..", "file://host/in", "s3://b/k",
        "file:///in//x", "file:///projects", "file:///projects/default/files"}) {
    EXPECT_THAT(FieldsOf(Directory(prefix)), ElementsAre("batch.directory.prefix")) << prefix;
  }
  for (const std::string& glob :
       {std::string("sub/*"), std::string(256, '*'), std::string("\x01")}) {
    EXPECT_THAT(FieldsOf(Directory("file:///in", glob)), ElementsAre("batch.directory.glob"));
  }
  v1::CreateBatchRequest request = Directory("file:///in");
  v1::JobSpec& spec = *request.mutable_batch()->mutable_directory()->mutable_template_();
  spec.set_input_file("projects/default/files/f");
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.directory.template.input_file"));
  spec.clear_input_file();
  spec.set_priority(101);
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.directory.template.priority"));
  spec.clear_priority();
  spec.set_reference("projects/default/references/none");
  spec.add_stages()->mutable_complete();
  EXPECT_EQ(ReasonOf(Create(request).status()), "REFERENCE_MISSING");
  spec.clear_reference();
  spec.add_stages();
  EXPECT_EQ(ReasonOf(Create(request).status()), "UNKNOWN_STAGE");
  spec.clear_stages();
  for (int i = 0; i < 300; ++i)
    spec.add_depends_on("projects/default/jobs/" + std::string(60, 'j'));
  EXPECT_THAT(FieldsOf(request), Contains("batch.directory.template"));

  for (const int32_t count : {0, -1, 100'001}) {
    EXPECT_THAT(FieldsOf(Generator(count)), ElementsAre("batch.generator.count"));
  }
  request = Generator(100'000);
  auto& operation = *request.mutable_batch()->mutable_generator()->mutable_template_();
  (*operation.mutable_labels())["k"] = std::string(60, 'v') + "{index}";
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.generator.template.labels"));
  operation.clear_labels();
  operation.mutable_spec()->set_priority(-101);
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.generator.template.spec.priority"));
  request = Generator(2);
  request.mutable_batch()->mutable_generator()->clear_template_();
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.generator.template.spec.input_file"));

  request = Generator(2);
  *request.mutable_batch()->mutable_directory() = Directory("file:///in").batch().directory();
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.operations"));
  request.mutable_batch()->clear_directory();
  request.mutable_batch()->add_operations()->mutable_spec()->add_stages()->mutable_noop();
  EXPECT_THAT(FieldsOf(request), ElementsAre("batch.operations"));
  EXPECT_THAT(*server_.store().ListBatches("default", 0, 10), IsEmpty());
}

TEST_F(BatchSourceTest, OperationsThatComeInSeveralMessagesAreOneBatch) {
  const auto submitted = Submit({Header(5, "r"), Noops(2), Noops(0), Noops(3)});
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->batch().counts().total(), 5);
  EXPECT_FALSE(submitted->batch().has_expansion());
  ASSERT_TRUE(AwaitQueued(5));
  const auto again = Submit({Header(5, "r"), Noops(5)});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  EXPECT_EQ(ReasonOf(Submit({Header(4, "r"), Noops(4)}).status()), "REQUEST_ID_REUSED");
}

TEST_F(BatchSourceTest, AStreamThatMakesNoSenseMakesNoBatch) {
  const auto reason = [this](const std::vector<v1::SubmitBatchRequest>& messages) {
    return ReasonOf(Submit(messages).status());
  };
  EXPECT_EQ(reason({}), "BAD_FIELD");
  EXPECT_EQ(reason({Header(1)}), "BAD_FIELD");
  EXPECT_EQ(reason({Header(0)}), "BAD_FIELD");
  EXPECT_EQ(reason({Header(100'001), Noops(1)}), "BAD_FIELD");
  EXPECT_EQ(reason({Header(2), Noops(1)}), "BAD_FIELD");  // As one that is broken off.
  EXPECT_EQ(reason({Header(1), Noops(2)}), "BAD_FIELD");
  EXPECT_EQ(reason({Noops(1)}), "BAD_FIELD");
  EXPECT_EQ(reason({Header(1), Header(1), Noops(1)}), "BAD_FIELD");
  v1::SubmitBatchRequest mixed = Header(1);
  *mixed.mutable_operations() = Noops(1).operations();
  EXPECT_EQ(reason({mixed, Noops(1)}), "BAD_FIELD");
  v1::SubmitBatchRequest header = Header(1);
  *header.mutable_header()->mutable_batch()->mutable_operations() = Noops(1).operations();
  EXPECT_EQ(reason({header}), "BAD_FIELD");
  header = Header(1);
  *header.mutable_header() = Generator(2);
  EXPECT_EQ(reason({header, Noops(1)}), "BAD_FIELD");
  v1::SubmitBatchRequest unknown;
  unknown.add_operations()->mutable_spec()->add_stages();
  const absl::Status status = Submit({Header(3), Noops(2), unknown}).status();
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_STAGE");
  ASSERT_EQ(FieldViolationsOf(status).size(), 1U);
  EXPECT_EQ(FieldViolationsOf(status)[0].field, "batch.operations[2].spec.stages[0]");
  v1::SubmitBatchRequest missing;
  missing.add_operations()->mutable_spec()->set_input_file("projects/default/files/none");
  EXPECT_EQ(reason({Header(2), Noops(1), missing}), "FILE_NOT_READY");
  EXPECT_THAT(*server_.store().ListBatches("default", 0, 10), IsEmpty());
}

TEST_F(BatchSourceTest, AStreamThatIsBrokenOffMakesNoBatch) {
  grpc::ClientContext context;
  v1::SubmitBatchResponse response;
  const auto stub = server_.batches();
  const auto writer = stub->SubmitBatch(&context, &response);
  ASSERT_TRUE(writer->Write(Header(3)));
  ASSERT_TRUE(writer->Write(Noops(2)));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(Submit({Header(1), Noops(1)}).ok());
  EXPECT_EQ(server_.store().ListBatches("default", 0, 10)->size(), 1U);
}

}  // namespace
}  // namespace dq
