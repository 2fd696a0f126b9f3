#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>

#include <filesystem>

#include "tests/scheduler/program/scheduler_process.h"
#include "tests/support/store_database.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using testing::HasSubstr;
using testing::Not;

class SchedulerProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/dq-program-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> Flags(const std::string& listen = "127.0.0.1:0") const {
    return {"--listen", listen, "--storage-root", folder_};
  }
  // Runs until the end; returns the exit status and keeps stderr.
  int Run(const std::string& database, const std::vector<std::string>& flags) {
    SchedulerProcess process(folder_, database, flags);
    const int status = process.Wait();
    errors_ = process.Errors();
    return status;
  }

  std::string folder_;
  std::string errors_;
};

int StatusOf(int port, const std::string& path) {
  const auto response = httplib::Client("127.0.0.1", port).Get(path);
  return response ? response->status : 0;
}

TEST_F(SchedulerProgramTest, ServesUntilSigtermAndExitsZero) {
  SchedulerProcess process(folder_, NewStoreDatabase(), Flags());
  const int admin = process.Port("admin");
  ASSERT_GT(admin, 0) << process.Errors();
  EXPECT_GT(process.Port("grpc"), 0);
  EXPECT_EQ(StatusOf(admin, "/livez"), 200);
  EXPECT_TRUE(WaitUntil([&] { return StatusOf(admin, "/readyz") == 200; }));
  EXPECT_THAT(httplib::Client("127.0.0.1", admin).Get("/metrics")->body, HasSubstr("dq_leader 1"));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.Errors(), HasSubstr("\"event\":\"stopped\""));
}

TEST_F(SchedulerProgramTest, StandbyIsNotReadyUntilTheLeaderHandsOver) {
  const std::string database = NewStoreDatabase();
  const std::string second_folder = folder_ + "/second";
  std::filesystem::create_directory(second_folder);
  SchedulerProcess leader(folder_, database, Flags());
  const int leader_admin = leader.Port("admin");
  ASSERT_TRUE(WaitUntil([&] { return StatusOf(leader_admin, "/readyz") == 200; }));
  SchedulerProcess standby(second_folder, database, Flags());
  const int standby_admin = standby.Port("admin");
  ASSERT_GT(standby_admin, 0);
  EXPECT_EQ(StatusOf(standby_admin, "/readyz"), 503);
  leader.Signal(SIGTERM);
  EXPECT_EQ(leader.Wait(), 0);
  EXPECT_TRUE(WaitUntil([&] { return StatusOf(standby_admin, "/readyz") == 200; }));
}

TEST_F(SchedulerProgramTest, PortInUseIsOneReadableLine) {
  SchedulerProcess first(folder_, NewStoreDatabase(), Flags());
  const std::string address = "127.0.0.1:" + std::to_string(first.Port("grpc"));
  const std::string second_folder = folder_ + "/second";
  std::filesystem::create_directory(second_folder);
  SchedulerProcess second(second_folder, NewStoreDatabase(), Flags(address));
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.Errors(), HasSubstr("dq-scheduler: cannot listen on " + address));
  EXPECT_THAT(second.Errors(), HasSubstr("(PORT_IN_USE)"));
}

TEST_F(SchedulerProgramTest, UnreachableDatabaseIsNamedWithoutItsPassword) {
  EXPECT_EQ(Run("host=127.0.0.1 port=1 dbname=dq user=u password=secret", Flags()), 1);
  EXPECT_THAT(errors_, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(errors_, HasSubstr("(DATABASE_UNAVAILABLE)"));
  EXPECT_THAT(errors_, Not(HasSubstr("secret")));
}

TEST_F(SchedulerProgramTest, MissingStorageRootIsNamed) {
  EXPECT_EQ(Run("host=127.0.0.1 port=1",
                {"--listen", "127.0.0.1:0", "--storage-root", folder_ + "/absent"}),
            1);
  EXPECT_THAT(errors_, HasSubstr("absent"));
  EXPECT_THAT(errors_, HasSubstr("(STORAGE_ROOT_UNUSABLE)"));
}

TEST_F(SchedulerProgramTest, WrongFlagsAreUsageErrorsThatNameTheFlag) {
  EXPECT_EQ(Run("x", Flags("nowhere")), 2);
  EXPECT_THAT(errors_, HasSubstr("--listen"));
  std::vector<std::string> flags = Flags();
  flags.insert(flags.end(), {"--report-interval", "14"});
  EXPECT_EQ(Run("x", flags), 2);
  EXPECT_THAT(errors_, HasSubstr("--report-interval"));
  EXPECT_EQ(Run("x", {"--listen", "127.0.0.1:0"}), 2);
  EXPECT_THAT(errors_, HasSubstr("--storage-root"));
}

}  // namespace
}  // namespace dq
