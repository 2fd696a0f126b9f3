// Processes that cannot start: each says why, what to do, and ends with an exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/support/cluster.h"

namespace dq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// One cluster without workers serves all tests.
class Start : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ =
        std::make_unique<Cluster>(ClusterOptions{.workers = 0, .slots = 1, .scheduler_flags = {}});
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  static Cluster& cluster() { return *cluster_; }

  // Starts another scheduler, on a free port.
  static ProgramResult StartScheduler(const std::vector<std::string>& more) {
    std::vector<std::string> flags = {"--listen", "127.0.0.1:0"};
    flags.insert(flags.end(), more.begin(), more.end());
    return cluster().Run("dq-scheduler", flags);
  }

 private:
  static std::unique_ptr<Cluster> cluster_;
};
std::unique_ptr<Cluster> Start::cluster_;

TEST_F(Start, AnUnreachableDatabaseIsNamedWithoutItsPassword) {
  const ProgramResult result =
      StartScheduler({"--database", "postgresql://alice:secret@127.0.0.1:1/dq", "--storage-root",
                      cluster().storage_root()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("DATABASE_UNAVAILABLE"), HasSubstr("127.0.0.1:1"),
                                Not(HasSubstr("secret"))));
}

TEST_F(Start, AnUnreadableConnectionStringIsTold) {
  const ProgramResult result =
      StartScheduler({"--database", "nonsense", "--storage-root", cluster().storage_root()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("DATABASE_URL_INVALID"));
}

TEST_F(Start, APortInUseIsTold) {
  const ProgramResult result = cluster().Run("dq-scheduler", cluster().SchedulerFlags());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("PORT_IN_USE"), HasSubstr(cluster().address())));
}

TEST_F(Start, ADatabaseOfANewerReleaseIsRefusedAndTheRunningOneGoesOn) {
  cluster().ExecuteSql("INSERT INTO schema_migration (version, name) VALUES (9999, 'the future')");
  const ProgramResult result = StartScheduler(
      {"--database", cluster().database(), "--storage-root", cluster().storage_root()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("MIGRATION_TOO_NEW"), HasSubstr("9999")));
  EXPECT_EQ(cluster().Ctl({"job", "list"}).exit_code, 0);
  cluster().ExecuteSql("DELETE FROM schema_migration WHERE version = 9999");
}

TEST_F(Start, AMissingStorageRootIsTold) {
  const ProgramResult result = StartScheduler(
      {"--database", cluster().database(), "--storage-root", cluster().Path("nowhere")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("nowhere"));
}

TEST_F(Start, AWrongFlagIsAUsageError) {
  EXPECT_EQ(StartScheduler({"--no-such-flag"}).exit_code, 2);
  EXPECT_EQ(cluster().Run("dq-worker", {"serve", "--slots", "none"}).exit_code, 2);
  EXPECT_EQ(cluster().Ctl({"no-such-command"}).exit_code, 2);
}

TEST_F(Start, AnAddressWithoutSchedulerIsExitCode8) {
  const ProgramResult result = cluster().Run("dqctl", {"--address", "127.0.0.1:1", "job", "list"});
  EXPECT_EQ(result.exit_code, 8);
  EXPECT_THAT(result.err, AllOf(HasSubstr("SCHEDULER_UNREACHABLE"), HasSubstr("127.0.0.1:1")));
}

}  // namespace
}  // namespace dq
