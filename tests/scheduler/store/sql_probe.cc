#include "tests/scheduler/store/sql_probe.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace dq {

std::string Probe(const std::string& conninfo, const std::string& sql) {
  PGconn* connection = PQconnectdb(conninfo.c_str());
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  PGresult* result = PQexec(connection, sql.c_str());
  const auto status = PQresultStatus(result);
  EXPECT_TRUE(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
      << sql << ": " << PQerrorMessage(connection);
  std::string text;
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      text += std::string(column > 0 ? " " : row > 0 ? "\n" : "") + PQgetvalue(result, row, column);
    }
  }
  PQclear(result);
  PQfinish(connection);
  return text;
}

}  // namespace dq
