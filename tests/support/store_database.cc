#include "tests/support/store_database.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/postgres_store.h"

#if defined(__SANITIZE_ADDRESS__)
// libpqxx 6.4 forgets a result when a connection breaks.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpqxx-6.4.so"; }
#endif

namespace dq {
namespace {

// Checks each event against the table, and that it continues where the one before ended.
constexpr char kTransitionCheck[] = R"sql(
CREATE FUNCTION check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before smallint;
BEGIN
  SELECT to_state INTO before FROM job_event
  WHERE job_key = NEW.job_key AND sequence = NEW.sequence - 1;
  IF before IS NULL AND NEW.sequence = 2 THEN  -- The creation may have no row.
    SELECT to_state INTO before FROM job_history WHERE job_key = NEW.job_key AND sequence = 1;
  END IF;
  IF before IS DISTINCT FROM NEW.from_state THEN
    RAISE EXCEPTION 'job % event %: from % after %', NEW.job_key, NEW.sequence, NEW.from_state,
      before;
  END IF;
  IF NEW.event = 1 AND NEW.from_state IS NULL AND NEW.sequence = 1 AND NEW.to_state IN (1, 2, 7) THEN
    RETURN NEW;
  END IF;
  IF NEW.event = 19 AND NEW.to_state = NEW.from_state AND NEW.to_state IN (7, 8, 9, 10) THEN
    RETURN NEW;  -- The deletion leads to no state.
  END IF;
  PERFORM FROM job_transition t WHERE t.from_state = NEW.from_state AND t.event = NEW.event
    AND t.to_state = NEW.to_state;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job %: illegal transition % -%-> %', NEW.job_key, NEW.from_state, NEW.event,
      NEW.to_state;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_transition BEFORE INSERT ON job_event
FOR EACH ROW EXECUTE FUNCTION check_transition();
)sql";

absl::Status PrepareDatabase(const std::string& conninfo) {
  PostgresStoreOptions options;
  options.conninfo = conninfo;
  DQ_RETURN_IF_ERROR(PostgresStore::Create(options).status());
  return ExecuteOn(conninfo, kTransitionCheck);
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return std::move(value).value();
  std::cerr << "no PostgreSQL for tests: " << value.status() << std::endl;
  std::abort();
}

absl::StatusOr<bool> Prepared(const absl::Status& status) {
  if (!status.ok()) return status;
  return true;
}

// Stops the server after the last test.
class ServerEnvironment : public ::testing::Environment {
 public:
  PrivatePostgres& Server() {
    if (server_ != nullptr) return *server_;
    server_ = OrDie(PrivatePostgres::Start({"log_statement=all"}));
    OrDie<bool>(Prepared(server_->PrepareTemplate(PrepareDatabase)));
    return *server_;
  }
  void TearDown() override { server_.reset(); }

 private:
  std::unique_ptr<PrivatePostgres> server_;
};

// Owned by GoogleTest.
ServerEnvironment* const environment =
    static_cast<ServerEnvironment*>(::testing::AddGlobalTestEnvironment(new ServerEnvironment));

}  // namespace

absl::Status ExecuteOn(const std::string& conninfo, const std::string& sql) {
  PGconn* connection = PQconnectdb(conninfo.c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  const std::string message = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (done) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInternal, "SQL_FAILED", message);
}

PrivatePostgres& TestServer() { return environment->Server(); }

std::string NewStoreDatabase() { return OrDie(TestServer().CreateDatabase()); }

}  // namespace dq
