// Migrated databases for the tests of one binary, copied from one template on one private
// PostgreSQL. In them a trigger refuses every job event that the state table does not have. The
// server is started at the first use and stopped after the last test; what it logs tells which
// statements ran. Not thread-safe.
#pragma once

#include <string>

#include "tests/support/private_postgres.h"

namespace dq {

// Returns the server, started with logging of statements. Aborts the process when it cannot start.
PrivatePostgres& TestServer();

// Returns the connection string of a new database with the newest schema.
std::string NewStoreDatabase();

// Runs statements on a database.
absl::Status ExecuteOn(const std::string& conninfo, const std::string& sql);

}  // namespace dq
