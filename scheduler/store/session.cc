#include "scheduler/store/session.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/sql_error.h"

namespace dq {
namespace {

constexpr int kTriesMax = 4;
// How much longer than its own limit the server may take to say that it was reached.
constexpr absl::Duration kAnswerGrace = absl::Seconds(1);

std::string Milliseconds(absl::Duration duration) {
  return std::to_string(absl::ToInt64Milliseconds(duration));
}

// Keeps libpqxx 6 from reconnecting behind our back, which would lose the session's settings. The
// call is deprecated because version 7 never reconnects.
void InhibitReactivation(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

}  // namespace

std::optional<SessionWatchdog::Watch> Session::WatchTransaction() const {
  if (watchdog_ == nullptr) return std::nullopt;
  return std::optional<SessionWatchdog::Watch>(std::in_place, *watchdog_, connection_->sock(),
                                               limits_.statement_timeout + kAnswerGrace);
}

absl::Status Session::Run(const std::function<absl::Status(Transaction&)>& body, Scope scope) {
  absl::Status status;
  for (int i = 0; i < kTriesMax; ++i) {
    const bool was_open = connection_ != nullptr;
    status = RunOnce(body, scope);
    const bool broke = absl::IsUnavailable(status) && !IsTooSlow(status) && was_open;
    if (!broke && !IsTransactionConflict(status)) break;
  }
  return status;
}

absl::Status Session::TakeNotifications() {
  if (connection_ == nullptr) return absl::UnavailableError("no connection");
  absl::Status status = CatchSqlErrors([this] {
    connection_->get_notifs();
    return absl::OkStatus();
  });
  if (!status.ok()) connection_.reset();
  return status;
}

absl::Status Session::RunOnce(const std::function<absl::Status(Transaction&)>& body, Scope scope) {
  DQ_RETURN_IF_ERROR(Open());
  absl::Status status = CatchSqlErrors([&] {
    const auto watch = WatchTransaction();
    Transaction transaction(*connection_, prepared_, scope);
    DQ_RETURN_IF_ERROR(body(transaction));
    transaction.Commit();
    return absl::OkStatus();
  });
  if (absl::IsUnavailable(status) && !IsTooSlow(status)) connection_.reset();
  return status;
}

absl::Status Session::Open() {
  if (connection_ != nullptr) return absl::OkStatus();
  prepared_.clear();
  const absl::Status status = CatchSqlErrors([&] {
    connection_ = std::make_unique<pqxx::connection>(target_.conninfo);
    InhibitReactivation(*connection_);
    const auto watch = WatchTransaction();
    Transaction transaction(*connection_, prepared_, Scope::kTransaction);
    transaction.Run(sql::kSetSessionLimits, Milliseconds(limits_.statement_timeout),
                    Milliseconds(limits_.idle_in_transaction_timeout));
    transaction.Run(sql::kSetSessionPlanner, "force_custom_plan");
    transaction.Commit();
    return absl::OkStatus();
  });
  if (status.ok()) return status;
  connection_.reset();
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   "cannot use the database at " + target_.label + ": " + MessageOf(status),
                   {{"server", target_.label}});
}

absl::StatusOr<pqxx::result> Session::Query(
    const std::function<pqxx::result(Transaction&)>& query) {
  pqxx::result rows;
  const auto run = [&](Transaction& transaction) {
    rows = query(transaction);
    return absl::OkStatus();
  };
  DQ_RETURN_IF_ERROR(Run(run, Scope::kStatement));
  return rows;
}

}  // namespace dq
