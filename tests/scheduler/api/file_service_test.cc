#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using Files = v1::FileService::Stub;

v1::UploadHeader Header(const std::string& id) {
  v1::UploadHeader header;
  header.set_parent("projects/default");
  header.set_file_id(id);
  header.set_display_name("customers.csv");
  return header;
}

class FileServiceTest : public testing::Test {
 protected:
  // Sends a header, if any, and chunks, and half-closes.
  absl::Status Upload(const v1::UploadHeader* header, const std::vector<std::string>& chunks) {
    grpc::ClientContext context;
    uploaded_.Clear();
    const auto stub = server_.files();
    const auto writer = stub->UploadFile(&context, &uploaded_);
    v1::UploadFileRequest message;
    if (header != nullptr) {
      *message.mutable_header() = *header;
      writer->Write(message);
    }
    for (const std::string& chunk : chunks) {
      message.set_chunk(chunk);
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    return FromGrpcStatus(writer->Finish());
  }

  // Returns the bytes of a file from `offset` on.
  absl::StatusOr<std::string> Download(const std::string& name, int64_t offset = 0) {
    grpc::ClientContext context;
    v1::DownloadFileRequest request;
    request.set_name(name);
    request.set_offset(offset);
    const auto stub = server_.files();
    const auto reader = stub->DownloadFile(&context, request);
    v1::DownloadFileResponse response;
    std::string bytes;
    while (reader->Read(&response)) bytes += response.chunk();
    const absl::Status status = FromGrpcStatus(reader->Finish());
    if (!status.ok()) return status;
    return bytes;
  }

  absl::Status Register(const std::string& uri) {
    v1::RegisterFileRequest request;
    request.set_parent("projects/default");
    request.set_uri(uri);
    registered_.Clear();
    return Call(*server_.files(), &Files::RegisterFile, request, registered_);
  }

  absl::Status Delete(const std::string& name) {
    v1::DeleteFileRequest request;
    request.set_name(name);
    v1::DeleteFileResponse response;
    return Call(*server_.files(), &Files::DeleteFile, request, response);
  }

  void WriteBeneathRoot(const std::string& key, const std::string& content) {
    std::ofstream(server_.root().path() + "/" + key) << content;
  }

  ApiServer server_;
  v1::UploadFileResponse uploaded_;
  v1::RegisterFileResponse registered_;
};

TEST_F(FileServiceTest, UploadedBytesComeBack) {
  const std::string large(3'000'000, 'x');
  const v1::UploadHeader header = Header("f-1");
  const std::vector<std::string> chunks = {large.substr(0, 1 << 20), large.substr(1 << 20, 1 << 20),
                                           large.substr(2 << 20)};
  ASSERT_TRUE(Upload(&header, chunks).ok());
  const v1::File& file = uploaded_.file();
  EXPECT_EQ(file.name(), "projects/default/files/f-1");
  EXPECT_EQ(file.display_name(), "customers.csv");
  EXPECT_EQ(file.size_bytes(), 3'000'000);
  EXPECT_EQ(file.sha256(), Sha256Of(large));
  EXPECT_EQ(*Download(file.name()), large);
  EXPECT_EQ(*Download(file.name(), 2'999'990), std::string(10, 'x'));
  EXPECT_EQ(*Download(file.name(), 3'000'000), "");
  EXPECT_EQ(ReasonOf(Download(file.name(), 3'000'001).status()), "OFFSET_MISMATCH");
  EXPECT_EQ(ReasonOf(Download("projects/default/files/none").status()), "FILE_NOT_FOUND");
}

TEST_F(FileServiceTest, EmptyFileIsAFile) {
  const v1::UploadHeader header = Header("empty");
  ASSERT_TRUE(Upload(&header, {}).ok());
  EXPECT_EQ(uploaded_.file().size_bytes(), 0);
  EXPECT_EQ(*Download(uploaded_.file().name()), "");
}

TEST_F(FileServiceTest, WrongTotalsLeaveNothing) {
  v1::UploadHeader header = Header("f-1");
  header.set_size_bytes(10);
  EXPECT_EQ(ReasonOf(Upload(&header, {"short"})), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Upload(&header, {"much too long for ten"})), "BAD_FIELD");
  header.set_size_bytes(0);
  header.set_sha256(std::string(64, '0'));
  EXPECT_EQ(FieldViolationsOf(Upload(&header, {"other"})).at(0).field, "header.sha256");
  EXPECT_EQ(server_.root().FileCount(), 0);
  v1::GetFileRequest request;
  request.set_name("projects/default/files/f-1");
  v1::GetFileResponse response;
  EXPECT_EQ(ReasonOf(Call(*server_.files(), &Files::GetFile, request, response)), "FILE_NOT_FOUND");
}

TEST_F(FileServiceTest, BrokenUploadLeavesNothing) {
  {
    grpc::ClientContext context;
    const auto stub = server_.files();
    const auto writer = stub->UploadFile(&context, &uploaded_);
    v1::UploadFileRequest message;
    *message.mutable_header() = Header("f-1");
    writer->Write(message);
    message.set_chunk("the beginning");
    writer->Write(message);
    EXPECT_TRUE(WaitUntil([this] { return server_.root().FileCount() > 0; }));
    context.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  EXPECT_TRUE(WaitUntil([this] { return server_.root().FileCount() == 0; }));
  EXPECT_EQ(ReasonOf(Download("projects/default/files/f-1").status()), "FILE_NOT_FOUND");
}

TEST_F(FileServiceTest, MalformedUploadsAreRefused) {
  EXPECT_EQ(ReasonOf(Upload(nullptr, {"no header"})), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Upload(nullptr, {})), "BAD_FIELD");
  v1::UploadHeader header = Header("f-1");
  EXPECT_EQ(ReasonOf(Upload(&header, {std::string((1 << 20) + 1, 'x')})), "BAD_FIELD");
  header.set_display_name("../../etc/passwd");
  EXPECT_EQ(ReasonOf(Upload(&header, {})), "BAD_FIELD");
  header = Header("Not An Id");
  EXPECT_EQ(ReasonOf(Upload(&header, {})), "BAD_FIELD");
  header = Header("f-1");
  header.set_parent("projects/../..");
  EXPECT_EQ(ReasonOf(Upload(&header, {})), "BAD_FIELD");
  EXPECT_EQ(server_.root().FileCount(), 0);
}

TEST_F(FileServiceTest, RepeatedRequestAnswersTheEarlierFile) {
  v1::UploadHeader header = Header("");
  header.set_request_id("r-1");
  ASSERT_TRUE(Upload(&header, {"same"}).ok());
  const std::string name = uploaded_.file().name();
  ASSERT_TRUE(Upload(&header, {"same"}).ok());
  EXPECT_TRUE(uploaded_.existed());
  EXPECT_EQ(uploaded_.file().name(), name);
  EXPECT_EQ(server_.root().FileCount(), 1);
  EXPECT_EQ(ReasonOf(Upload(&header, {"different"})), "REQUEST_ID_REUSED");
  EXPECT_EQ(server_.root().FileCount(), 1);
}

TEST_F(FileServiceTest, TakenIdDoesNotTouchTheBytesOfTheOther) {
  const v1::UploadHeader header = Header("f-1");
  ASSERT_TRUE(Upload(&header, {"mine"}).ok());
  EXPECT_EQ(ReasonOf(Upload(&header, {"yours"})), "ID_TAKEN");
  EXPECT_EQ(*Download("projects/default/files/f-1"), "mine");
}

TEST_F(FileServiceTest, RegisteredObjectBecomesAFileAndOutlivesIt) {
  WriteBeneathRoot("drop.csv", "a,b\n");
  ASSERT_TRUE(Register("file:///drop.csv").ok());
  EXPECT_EQ(registered_.file().size_bytes(), 4);
  EXPECT_EQ(registered_.file().sha256(), Sha256Of("a,b\n"));
  EXPECT_EQ(registered_.file().display_name(), "drop.csv");
  EXPECT_EQ(*Download(registered_.file().name()), "a,b\n");
  ASSERT_TRUE(Delete(registered_.file().name()).ok());
  EXPECT_EQ(server_.root().FileCount(), 1);  // The bytes belong to somebody else.
}

TEST_F(FileServiceTest, RegisterStaysBeneathTheRoot) {
  for (const char* uri : {"file:///../secret", "file:///a/../../secret", "/etc/passwd", "",
                          "http://host/x", "file://host/x", "file:////etc/passwd"}) {
    EXPECT_EQ(ReasonOf(Register(uri)), "BAD_FIELD") << uri;
  }
  std::filesystem::create_symlink("/etc/passwd", server_.root().path() + "/link");
  EXPECT_EQ(ReasonOf(Register("file:///link")), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Register("file:///projects/default/files/x")), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Register("file:///absent.csv")), "FILE_NOT_FOUND");
}

TEST_F(FileServiceTest, DeletedUploadIsGoneWithItsBytes) {
  const v1::UploadHeader header = Header("f-1");
  ASSERT_TRUE(Upload(&header, {"x"}).ok());
  ASSERT_TRUE(Delete("projects/default/files/f-1").ok());
  EXPECT_EQ(server_.root().FileCount(), 0);
  EXPECT_TRUE(Delete("projects/default/files/f-1").ok());  // Twice is not an error.
}

TEST_F(FileServiceTest, FilesAreListedInPages) {
  for (const char* id : {"a", "b", "c"}) {
    const v1::UploadHeader header = Header(id);
    ASSERT_TRUE(Upload(&header, {id}).ok());
  }
  v1::ListFilesRequest request;
  request.set_parent("projects/default");
  request.set_page_size(2);
  int listed = 0;
  do {
    v1::ListFilesResponse page;
    ASSERT_TRUE(Call(*server_.files(), &Files::ListFiles, request, page).ok());
    listed += page.files_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, 3);
}

TEST_F(FileServiceTest, ReferencesComeAndGo) {
  using References = v1::ReferenceService::Stub;
  v1::CreateReferenceRequest request;
  request.set_parent("projects/default");
  request.set_reference_id("master");
  request.mutable_reference()->set_file("projects/default/files/f-1");
  request.mutable_reference()->add_key_columns("id");
  v1::CreateReferenceResponse created;
  EXPECT_EQ(ReasonOf(Call(*server_.references(), &References::CreateReference, request, created)),
            "FILE_NOT_READY");
  const v1::UploadHeader header = Header("f-1");
  ASSERT_TRUE(Upload(&header, {"id\n1\n"}).ok());
  ASSERT_TRUE(Call(*server_.references(), &References::CreateReference, request, created).ok());
  EXPECT_EQ(created.reference().name(), "projects/default/references/master");
  EXPECT_EQ(created.reference().stage(), "complete");
  EXPECT_EQ(created.reference().key_columns(0), "id");
  EXPECT_EQ(ReasonOf(Delete("projects/default/files/f-1")), "IN_USE");
  v1::ListReferencesRequest list;
  list.set_parent("projects/default");
  v1::ListReferencesResponse page;
  ASSERT_TRUE(Call(*server_.references(), &References::ListReferences, list, page).ok());
  EXPECT_EQ(page.references_size(), 1);
  v1::DeleteReferenceRequest remove;
  remove.set_name("projects/default/references/master");
  v1::DeleteReferenceResponse removed;
  EXPECT_TRUE(Call(*server_.references(), &References::DeleteReference, remove, removed).ok());
  EXPECT_TRUE(Call(*server_.references(), &References::DeleteReference, remove, removed).ok());
  v1::GetReferenceRequest get;
  get.set_name("projects/default/references/master");
  v1::GetReferenceResponse got;
  EXPECT_EQ(ReasonOf(Call(*server_.references(), &References::GetReference, get, got)),
            "REFERENCE_NOT_FOUND");
  request.mutable_reference()->set_stage("polish");
  EXPECT_EQ(ReasonOf(Call(*server_.references(), &References::CreateReference, request, created)),
            "BAD_FIELD");
}

}  // namespace
}  // namespace dq
