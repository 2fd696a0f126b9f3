#include "scheduler/store/migrator.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "scheduler/core/state_table.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/session.h"

namespace dq {
namespace {

constexpr int NewestKnown() { return std::end(sql::kMigrations)[-1].version; }

// Migrations may rewrite tables, and the lock waits for another process that does.
constexpr SessionLimits kLimits = {.statement_timeout = absl::Minutes(10),
                                   .idle_in_transaction_timeout = absl::Minutes(1)};

absl::Status TooNew(int version, const std::string& server) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "MIGRATION_TOO_NEW",
                   "the database at " + server + " has schema version " + std::to_string(version) +
                       ", this binary knows versions up to " + std::to_string(NewestKnown()) +
                       ": start a release at least as new as the one that was here before",
                   {{"database_version", std::to_string(version)},
                    {"binary_version", std::to_string(NewestKnown())}});
}

absl::StatusOr<int> CurrentVersion(Session& session) {
  int version = 0;
  DQ_RETURN_IF_ERROR(session.Run([&](Transaction& transaction) {
    transaction.Run(sql::kLockMigrations);
    transaction.Run(sql::kCreateSchemaMigration);
    version = transaction.Run(sql::kGetSchemaVersion)[0][0].as<int>();
    return absl::OkStatus();
  }));
  return version;
}

absl::Status Apply(Session& session, const sql::Migration& migration) {
  DQ_RETURN_IF_ERROR(session.Run([&](Transaction& transaction) {
    transaction.RunScript(migration.text);
    transaction.Run(sql::kInsertSchemaMigration, migration.version, migration.name);
    return absl::OkStatus();
  }));
  Log(LogLevel::kInfo, "migration applied", {{"migration", migration.name}});
  return absl::OkStatus();
}

absl::Status CheckStateTable(Session& session) {
  using Row = std::tuple<int16_t, int16_t, int16_t>;
  std::set<Row> expected;
  for (const Transition& row : kTransitions) {
    expected.emplace(static_cast<int16_t>(row.from), static_cast<int16_t>(row.event),
                     static_cast<int16_t>(row.to));
  }
  std::set<Row> recorded;
  DQ_RETURN_IF_ERROR(session.Run([&](Transaction& transaction) {
    for (const pqxx::row& row : transaction.Run(sql::kListJobTransitions)) {
      recorded.emplace(row[0].as<int16_t>(), row[1].as<int16_t>(), row[2].as<int16_t>());
    }
    return absl::OkStatus();
  }));
  if (recorded == expected) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_TABLE_DIFFERS",
                   "the table job_transition differs from this binary's state machine: it was "
                   "edited by hand, restore it from the migrations");
}

}  // namespace

absl::Status Migrate(const ConnectionTarget& target) {
  Session session(target, kLimits, /*watchdog=*/nullptr);
  DQ_ASSIGN_OR_RETURN(const int version, CurrentVersion(session));
  if (version > NewestKnown()) return TooNew(version, target.label);
  for (const sql::Migration& migration : sql::kMigrations) {
    if (migration.version > version) DQ_RETURN_IF_ERROR(Apply(session, migration));
  }
  return CheckStateTable(session);
}

}  // namespace dq
