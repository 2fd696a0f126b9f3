// What only PostgreSQL can show: how a start ends that cannot go on.
#include "scheduler/store/postgres_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "common/base/error.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Start(const std::string& conninfo) {
  PostgresStoreOptions options;
  options.conninfo = conninfo;
  return PostgresStore::Create(options).status();
}

TEST(PostgresStart, ADatabaseOfANewerReleaseIsRefused) {
  const std::string database = NewStoreDatabase();
  Probe(database, "INSERT INTO schema_migration (version, name) VALUES (9999, 'the future')");
  const absl::Status refused = Start(database);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "MIGRATION_TOO_NEW");
  EXPECT_EQ(MetadataOf(refused)["database_version"], "9999");
  EXPECT_THAT(MessageOf(refused), AllOf(HasSubstr("9999"), HasSubstr("start a release")));
}

TEST(PostgresStart, AnEditedStateTableIsRefused) {
  const std::string database = NewStoreDatabase();
  Probe(database, "UPDATE job_transition SET to_state = 7 WHERE from_state = 6 AND event = 10");
  const absl::Status refused = Start(database);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "STATE_TABLE_DIFFERS");
}

TEST(PostgresStart, AnUnreachableServerIsNamedWithoutThePassword) {
  const absl::Status refused = Start("postgresql://alice:secret@127.0.0.1:1/dq");
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "DATABASE_UNAVAILABLE");
  EXPECT_THAT(MessageOf(refused), AllOf(HasSubstr("127.0.0.1:1"), Not(HasSubstr("secret"))));
}

TEST(PostgresStart, AMissingDatabaseIsTold) {
  const std::string database = NewStoreDatabase();
  const absl::Status refused = Start(database + "_missing");
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_THAT(MessageOf(refused), HasSubstr("does not exist"));
}

TEST(PostgresStart, AnUnreadableConnectionStringIsRefused) {
  const absl::Status refused = Start("host=localhost nonsense");
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "DATABASE_URL_INVALID");
}

TEST(PostgresStart, ProcessesThatStartTogetherMigrateOnce) {
  const std::string database = NewStoreDatabase();
  Probe(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  std::vector<absl::Status> statuses(4);
  std::vector<std::thread> threads;
  for (absl::Status& status : statuses) {
    threads.emplace_back([&status, &database] { status = Start(database); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Probe(database, "SELECT count(*) FROM schema_migration"),
            Probe(database, "SELECT max(version) FROM schema_migration"));
}

TEST(PostgresStart, AMigrationThatFailsLeavesNothing) {
  const std::string database = NewStoreDatabase();
  Probe(database,
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE job_result (x integer)");
  const absl::Status refused = Start(database);
  EXPECT_EQ(ReasonOf(refused), "DATABASE_ERROR") << refused;
  EXPECT_EQ(Probe(database, "SELECT to_regclass('job') IS NULL"), "t");
  Probe(database, "DROP TABLE job_result");
  EXPECT_TRUE(Start(database).ok());
}

}  // namespace
}  // namespace dq
