// A libpqxx connection that heals: opened on first use, dropped when it breaks, opened again at the
// next use with its statements prepared anew. Not thread-safe: lend it through a ResourcePool.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/store/connection_string.h"
#include "scheduler/store/session_watchdog.h"
#include "scheduler/store/statement.h"

namespace dq {

// How long the server lets a statement and an idle transaction live.
struct SessionLimits {
  absl::Duration statement_timeout = absl::Seconds(10);
  absl::Duration idle_in_transaction_timeout = absl::Seconds(10);
};

// Whether statements share one transaction, or each commits by itself: one round trip, not three.
enum class Scope { kTransaction, kStatement };

// A transaction in which embedded statements run. Its exceptions end in Session::Run.
class Transaction {
 public:
  Transaction(pqxx::connection& connection, std::set<std::string>& prepared, Scope scope)
      : connection_(connection), prepared_(prepared) {
    if (scope == Scope::kTransaction) {
      work_ = std::make_unique<pqxx::work>(connection);
    } else {
      work_ = std::make_unique<pqxx::nontransaction>(connection);
    }
  }

  // Runs a statement, prepared at its first use in the session.
  template <typename... Arguments>
  pqxx::result Run(const sql::Statement& statement, const Arguments&... arguments) {
    if (prepared_.insert(statement.name).second) {
      connection_.prepare(statement.name, statement.text);
    }
    return work_->exec_prepared(statement.name, arguments...);
  }
  // Runs the statements of a migration.
  void RunScript(const char* text) { work_->exec(text); }
  void Commit() { work_->commit(); }

 private:
  pqxx::connection& connection_;
  std::set<std::string>& prepared_;
  std::unique_ptr<pqxx::transaction_base> work_;
};

class Session {
 public:
  // `watchdog` outlives the session and bounds the whole transaction; without it only the server
  // limits time.
  Session(ConnectionTarget target, SessionLimits limits, SessionWatchdog* watchdog)
      : target_(std::move(target)), limits_(limits), watchdog_(watchdog) {}

  // Runs `body` in a transaction and commits when it returns OK; with kStatement what it wrote
  // stays in any case. Repeats it after a serialization failure, and once on a new connection when
  // the old one turned out broken: `body` must allow that it happened already. UNAVAILABLE
  // (DATABASE_UNAVAILABLE) names the server.
  absl::Status Run(const std::function<absl::Status(Transaction&)>& body,
                   Scope scope = Scope::kTransaction);

  // Runs one statement, which commits by itself, as Run() does and returns its rows.
  absl::StatusOr<pqxx::result> Query(const std::function<pqxx::result(Transaction&)>& query);

  // Returns the socket on which notifications arrive; -1 while there is no connection.
  int socket() const { return connection_ == nullptr ? -1 : connection_->sock(); }
  // Takes in what has arrived between two transactions. UNAVAILABLE: the connection broke.
  absl::Status TakeNotifications();

 private:
  absl::Status Open();
  // Bounds a transaction that begins now.
  std::optional<SessionWatchdog::Watch> WatchTransaction() const;
  absl::Status RunOnce(const std::function<absl::Status(Transaction&)>& body, Scope scope);

  const ConnectionTarget target_;
  const SessionLimits limits_;
  SessionWatchdog* const watchdog_;
  std::unique_ptr<pqxx::connection> connection_;  // Empty: to be opened.
  std::set<std::string> prepared_;                // Names known to `connection_`.
};

}  // namespace dq
