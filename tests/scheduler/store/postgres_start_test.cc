// What only PostgreSQL can show: how a start ends that cannot go on, and what it makes of an older
// release's database.
#include "scheduler/store/postgres_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "common/base/error.h"
#include "scheduler/store/embedded_sql.h"
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

// A database as the release left it that knew migrations up to `version`.
std::string DatabaseOf(int version) {
  std::string database = NewStoreDatabase();
  Probe(database, std::string("DROP SCHEMA public CASCADE; CREATE SCHEMA public;") +
                      sql::kCreateSchemaMigration.text);
  for (const sql::Migration& migration : sql::kMigrations) {
    if (migration.version > version) break;
    Probe(database, migration.text);
    Probe(database, "INSERT INTO schema_migration (version, name) VALUES (" +
                        std::to_string(migration.version) + ", 'earlier')");
  }
  return database;
}

TEST(PostgresStart, LiveJobsAreCountedByPagesWhenOneRowEachIsGivenUp) {
  const std::string database = DatabaseOf(7);
  Probe(database,
        "INSERT INTO job SELECT n,'p',n,'',CASE WHEN n < 300 THEN 2 ELSE 7 END,0,0,0,0,1,NULL,NULL,"
        "NULL,'','','','','{}' FROM generate_series(1,600) n");
  ASSERT_TRUE(Start(database).ok());
  EXPECT_EQ(Probe(database, "SELECT project, page, live FROM job_page ORDER BY page"),
            "p 0 255\np 1 44\np 2 0");
}

TEST(PostgresStart, AnOlderReleasesCreationsAreToldOnce) {
  const std::string database = DatabaseOf(7);
  Probe(database,
        "INSERT INTO job_spec SELECT n,'','','','old','{}',now(),'q',0,'[]',3,1,1,1,NULL,NULL,'',''"
        "FROM generate_series(1,2) n;"
        "INSERT INTO job_event SELECT 1,n,now(),n,NULL,2,0,'','old','','' FROM "
        "generate_series(1,2) n");
  ASSERT_TRUE(Start(database).ok());
  EXPECT_EQ(Probe(database, "SELECT job_key, sequence, actor FROM job_history ORDER BY 1, 2"),
            "1 1 old\n1 2 old\n2 1 old");
}

TEST(PostgresStart, NoOlderReleaseLeadsAfterTheMigration) {
  const std::string database = DatabaseOf(7);
  const std::string acquire =
      "INSERT INTO leadership AS l (cell, epoch, instance, address, expires_at, last_batch) VALUES "
      "('default', 1, 'old', '', now(), 0) ON CONFLICT (cell) DO UPDATE SET epoch = l.epoch + 1";
  Probe(database, acquire);
  ASSERT_TRUE(Start(database).ok());
  EXPECT_EQ(Probe(database, "SELECT epoch, instance FROM leadership"), "2 ");
  EXPECT_FALSE(ExecuteOn(database, acquire).ok());
  EXPECT_EQ(Probe(database, "SELECT epoch FROM leadership"), "2");
}

TEST(PostgresStart, AReleaseThatKnowsNoDependenciesLeadsOnButNeverAnew) {
  const std::string database = DatabaseOf(9);
  const std::string acquire =
      "INSERT INTO leadership AS l (cell, epoch, instance, address, expires_at, last_batch, "
      "schema_version) VALUES ('default', 1, 'old', '', now(), 0, 8) "
      "ON CONFLICT (cell) DO UPDATE SET epoch = l.epoch + 1";
  Probe(database, acquire);
  ASSERT_TRUE(Start(database).ok());
  EXPECT_EQ(Probe(database, "SELECT epoch, instance FROM leadership"), "1 old");
  EXPECT_TRUE(ExecuteOn(database, "UPDATE leadership SET expires_at = now()").ok());
  EXPECT_FALSE(ExecuteOn(database, acquire).ok());
  EXPECT_EQ(Probe(database, "SELECT epoch FROM leadership"), "1");
}

}  // namespace
}  // namespace dq
