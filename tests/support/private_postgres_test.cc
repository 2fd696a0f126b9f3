#include "tests/support/private_postgres.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <filesystem>
#include <string>

namespace dq {
namespace {

// Returns the first column of the first row, or the error in angle brackets.
std::string Query(const std::string& conninfo, const std::string& sql) {
  PGconn* connection = PQconnectdb(conninfo.c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  std::string answer = "<" + std::string(PQerrorMessage(connection)) + ">";
  if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0) {
    answer = PQgetvalue(result, 0, 0);
  }
  PQclear(result);
  PQfinish(connection);
  return answer;
}

TEST(PrivatePostgres, DatabasesAreCopiesOfTheTemplateAndIndependent) {
  auto server = PrivatePostgres::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_TRUE((*server)
                  ->PrepareTemplate([](const std::string& conninfo) {
                    Query(conninfo, "SELECT 1 AS one INTO t");
                    return absl::OkStatus();
                  })
                  .ok());
  const auto first = (*server)->CreateDatabase();
  const auto second = (*server)->CreateDatabase();
  ASSERT_TRUE(first.ok() && second.ok());
  Query(*first, "INSERT INTO t VALUES (2)");
  EXPECT_EQ(Query(*first, "SELECT count(*) FROM t"), "2");
  EXPECT_EQ(Query(*second, "SELECT count(*) FROM t"), "1");
}

TEST(PrivatePostgres, CommittedRowsSurviveAKill) {
  auto server = PrivatePostgres::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  const auto database = (*server)->CreateDatabase();
  ASSERT_TRUE(database.ok());
  Query(*database, "SELECT 7 AS seven INTO t");
  (*server)->Kill9();
  EXPECT_EQ(Query(*database, "SELECT 1").front(), '<');
  ASSERT_TRUE((*server)->Restart().ok());
  EXPECT_EQ(Query(*database, "SELECT seven FROM t"), "7");
}

TEST(PrivatePostgres, LeavesNothingBehind) {
  std::string folder;
  pid_t pid = 0;
  {
    auto server = PrivatePostgres::Start();
    ASSERT_TRUE(server.ok()) << server.status();
    const std::string database = *(*server)->CreateDatabase();
    folder = database.substr(5, database.find(' ') - 5);
    pid = (*server)->pid();
    EXPECT_TRUE(std::filesystem::exists(folder));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid)));
}

}  // namespace
}  // namespace dq
