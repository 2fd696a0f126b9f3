#include "scheduler/store/sql_error.h"

#include <exception>
#include <pqxx/pqxx>
#include <string_view>

#include "common/base/error.h"

namespace dq {
namespace {

constexpr char kConflict[] = "TRANSACTION_CONFLICT";
constexpr char kDataRefused[] = "DATA_REFUSED";
constexpr char kTooSlow[] = "QUERY_TOO_SLOW";
constexpr char kQueryCancelled[] = "57014";  // By statement_timeout.

// Classes of PostgreSQL's Appendix A: connection, resources, operator intervention, system; and a
// standby that takes no writes.
bool MayHelpToWait(std::string_view sqlstate) {
  const std::string_view kind = sqlstate.substr(0, 2);
  return sqlstate.empty() || kind == "08" || kind == "53" || kind == "57" || kind == "58" ||
         sqlstate == "25006" || sqlstate == "55P03";
}

std::string OneLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

}  // namespace

absl::Status StatusFromSqlState(const std::string& sqlstate, const std::string& message) {
  if (sqlstate == "40001" || sqlstate == "40P01") {
    return MakeError(absl::StatusCode::kAborted, kConflict, OneLine(message));
  }
  if (sqlstate == kQueryCancelled) {
    return MakeError(absl::StatusCode::kUnavailable, kTooSlow, "PostgreSQL: " + OneLine(message));
  }
  if (MayHelpToWait(sqlstate)) {
    return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                     "PostgreSQL: " + OneLine(message));
  }
  if (sqlstate == "23503") {
    return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE",
                     "PostgreSQL: " + OneLine(message));
  }
  return MakeError(absl::StatusCode::kInternal, "DATABASE_ERROR", "PostgreSQL: " + OneLine(message),
                   {{"sqlstate", sqlstate}});
}

std::optional<absl::Status> StatusFromRefusedData(const std::string& sqlstate,
                                                  const std::string& message,
                                                  const SqlErrorPlace& place) {
  const std::string_view kind = std::string_view(sqlstate).substr(0, 2);
  if (kind != "22" && kind != "23" && kind != "54") return std::nullopt;
  ErrorMetadata metadata = {{"sqlstate", sqlstate}};
  if (!place.table.empty()) metadata["table"] = place.table;
  if (!place.column.empty()) metadata["column"] = place.column;
  if (!place.constraint.empty()) metadata["constraint"] = place.constraint;
  return MakeError(absl::StatusCode::kInternal, kDataRefused, "PostgreSQL: " + OneLine(message),
                   metadata);
}

bool IsRefusedData(const absl::Status& status) { return ReasonOf(status) == kDataRefused; }

absl::Status CatchSqlErrors(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const pqxx::broken_connection& error) {
    return StatusFromSqlState("", error.what());
  } catch (const pqxx::in_doubt_error& error) {
    return StatusFromSqlState("", error.what());
  } catch (const pqxx::sql_error& error) {
    return StatusFromSqlState(error.sqlstate().empty() ? "XX000" : error.sqlstate(), error.what());
  } catch (const std::exception& error) {
    return StatusFromSqlState("XX000", error.what());
  }
}

bool IsTransactionConflict(const absl::Status& status) { return ReasonOf(status) == kConflict; }

bool IsTooSlow(const absl::Status& status) { return ReasonOf(status) == kTooSlow; }

}  // namespace dq
