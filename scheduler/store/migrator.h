// Brings a database to the schema of this binary, forwards only. Stateless; processes that start
// together wait for each other in the database.
#pragma once

#include "absl/status/status.h"
#include "scheduler/store/connection_string.h"

namespace dq {

// Applies the migrations that are missing, each in a transaction, and checks that the recorded
// state table is core's. FAILED_PRECONDITION (MIGRATION_TOO_NEW): a newer release has been here;
// nothing was changed. FAILED_PRECONDITION (STATE_TABLE_DIFFERS). UNAVAILABLE
// (DATABASE_UNAVAILABLE).
absl::Status Migrate(const ConnectionTarget& target);

}  // namespace dq
