// Files and requests that cannot be served: each a typed, readable error with its exit code, and
// nothing half written. One cluster serves all tests of the suite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "dq/v1/job_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"

namespace dq {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BadFile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = std::make_unique<Cluster>(); }
  static void TearDownTestSuite() { cluster_.reset(); }

  static Cluster& cluster() { return *cluster_; }

  // Cleans a file with this content into out.csv.
  static ProgramResult Clean(const std::string& content, std::vector<std::string> more = {}) {
    fs::remove(cluster().Path("out.csv"));
    fs::remove(cluster().Path("out.csv.rejects.csv"));
    std::vector<std::string> arguments = {"clean", cluster().WriteFile("in.csv", content), "-o",
                                          cluster().Path("out.csv")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cluster().Ctl(arguments);
  }
  static std::string Output() { return ReadTextFile(cluster().Path("out.csv")); }
  static std::string Rejects() { return ReadTextFile(cluster().Path("out.csv.rejects.csv")); }
  static bool OutputExists() { return fs::exists(cluster().Path("out.csv")); }

 private:
  static std::unique_ptr<Cluster> cluster_;
};
std::unique_ptr<Cluster> BadFile::cluster_;

TEST_F(BadFile, AMissingFileIsTold) {
  const ProgramResult result = cluster().Ctl({"clean", cluster().Path("nowhere.csv")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("FILE_MISSING"), HasSubstr("nowhere.csv")));
}

TEST_F(BadFile, AnUnreadableFileIsTold) {
  const ProgramResult folder = cluster().Ctl({"clean", cluster().storage_root()});
  EXPECT_EQ(folder.exit_code, 1);
  EXPECT_THAT(folder.err, HasSubstr("FILE_UNREADABLE"));
  if (::geteuid() == 0) return;  // Root may read everything.
  const std::string path = cluster().WriteFile("locked.csv", "id\n1\n");
  fs::permissions(path, fs::perms::none);
  const ProgramResult locked = cluster().Ctl({"clean", path});
  EXPECT_EQ(locked.exit_code, 1);
  EXPECT_THAT(locked.err, HasSubstr("locked.csv"));
}

TEST_F(BadFile, AnEmptyFileFailsTheJobAndWritesNothing) {
  const ProgramResult result = Clean("");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("UNSUPPORTED_FORMAT"), HasSubstr("empty")));
  EXPECT_FALSE(OutputExists());
}

TEST_F(BadFile, AHeaderAloneIsAFileWithoutRows) {
  const ProgramResult result = Clean("id,city\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Output(), "id,city\n");
}

TEST_F(BadFile, RaggedRowsAreRejectedAndKept) {
  const ProgramResult result = Clean("id,city\n1,Rome\n2\n3,Oslo,x\n4,Bonn\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Output(), "id,city\n1,Rome\n4,Bonn\n");
  EXPECT_THAT(Rejects(), HasSubstr("3,Oslo,x"));
}

TEST_F(BadFile, AnUnterminatedQuoteCostsItsOwnRowAlone) {
  const ProgramResult result = Clean("id,city\n1,\"Rome\n2,Oslo\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Output(), "id,city\n2,Oslo\n");
  EXPECT_THAT(Rejects(), HasSubstr("Rome"));
}

TEST_F(BadFile, InvalidUtf8IsRejectedAndKept) {
  const ProgramResult result = Clean("id,city\n1,R\xff\xfe\n2,Oslo\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Output(), "id,city\n2,Oslo\n");
  EXPECT_FALSE(Rejects().empty());
}

TEST_F(BadFile, NulBytesAreRejectedAndKept) {
  const ProgramResult result = Clean(std::string("id,city\n1,Ro\0me\n2,Oslo\n", 23));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Output(), "id,city\n2,Oslo\n");
  EXPECT_FALSE(Rejects().empty());
}

TEST_F(BadFile, AReferenceWithoutTheKeyColumnFailsTheJobAndWritesNothing) {
  const std::string reference = cluster().WriteFile("reference.csv", "other,city\n1,Rome\n");
  const ProgramResult result = Clean("id,city\n1,\n", {"--reference", reference, "--key", "id"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("REFERENCE_MISSING"), HasSubstr("\"id\"")));
  EXPECT_FALSE(OutputExists());
}

TEST_F(BadFile, AFileWithoutTheKeyColumnFailsTheJobAndWritesNothing) {
  const std::string reference = cluster().WriteFile("reference.csv", "other,city\n1,Rome\n");
  const ProgramResult result = Clean("id,city\n1,\n", {"--reference", reference, "--key", "other"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("SCHEMA_INCOMPATIBLE"), HasSubstr("\"other\"")));
  EXPECT_FALSE(OutputExists());
}

TEST_F(BadFile, AnUnknownStageIsAUsageError) {
  const ProgramResult result = Clean("id\n1\n", {"--chain", "complete,nonsense"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("nonsense"), HasSubstr("complete, dedupe")));
}

TEST_F(BadFile, AStageThatTheSchedulerDoesNotKnowIsRefusedByName) {
  const auto stub = v1::JobService::NewStub(
      grpc::CreateChannel(cluster().address(), grpc::InsecureChannelCredentials()));
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.mutable_job()->mutable_spec()->add_stages();  // Of a kind that a newer client knows.
  grpc::ClientContext context;
  v1::CreateJobResponse response;
  const absl::Status status = FromGrpcStatus(stub->CreateJob(&context, request, &response));
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_STAGE");
  EXPECT_THAT(MessageOf(status), HasSubstr("stages[0]"));
}

TEST_F(BadFile, NamesThatClimbOutOfTheirFolderAreRefused) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"job", "submit", "files/../../../etc/passwd"},
        {"file", "download", "../../etc/passwd", "-o", "-"},
        {"file", "upload", cluster().WriteFile("in.csv", "a\n"), "--file-id", "../escape"}}) {
    const ProgramResult result = cluster().Ctl(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("BAD_FIELD"));
    EXPECT_THAT(result.out, Not(HasSubstr("root:")));
  }
}

TEST_F(BadFile, AStoredLinkOutOfTheRootIsNotFollowed) {
  ASSERT_EQ(
      cluster()
          .Ctl({"file", "upload", cluster().WriteFile("in.csv", "id\n1\n"), "--file-id", "linked"})
          .exit_code,
      0);
  for (const auto& entry : fs::recursive_directory_iterator(cluster().storage_root())) {
    if (entry.path().filename().string().find("linked") == std::string::npos) continue;
    fs::remove(entry.path());
    fs::create_symlink("/etc/passwd", entry.path());
    break;
  }
  Submit(cluster(), "link", {"files/linked"});
  EXPECT_EQ(cluster().Ctl({"job", "wait", "link", "--timeout", "30s"}).exit_code, 3);
  const JobFact job = GetJob(cluster(), "link");
  EXPECT_FALSE(job.error_reason.empty());
  EXPECT_THAT(job.error_message, HasSubstr("leaves the storage root"));
  const ProgramResult download = cluster().Ctl({"file", "download", "linked", "-o", "-"});
  EXPECT_NE(download.exit_code, 0);
  EXPECT_THAT(download.out, Not(HasSubstr("root:")));
}

TEST_F(BadFile, AStoredFileThatVanishedFailsTheJob) {
  ASSERT_EQ(cluster()
                .Ctl({"file", "upload", cluster().WriteFile("in.csv", "id\n1\n"), "--file-id",
                      "vanished"})
                .exit_code,
            0);
  for (const auto& entry : fs::recursive_directory_iterator(cluster().storage_root())) {
    if (entry.path().filename().string().find("vanished") == std::string::npos) continue;
    fs::remove(entry.path());
    break;
  }
  Submit(cluster(), "vanish", {"files/vanished"});
  EXPECT_EQ(cluster().Ctl({"job", "wait", "vanish", "--timeout", "30s"}).exit_code, 3);
  const JobFact job = GetJob(cluster(), "vanish");
  EXPECT_EQ(job.error_reason, "FILE_MISSING") << job.error_message;
  EXPECT_TRUE(job.outputs.empty());
}

}  // namespace
}  // namespace dq
