// The one place where libpqxx's exceptions and PostgreSQL's error codes become a Status. Stateless
// and thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace dq {

// Returns the status for an error of `sqlstate` (five characters; "": the connection is gone):
// UNAVAILABLE (DATABASE_UNAVAILABLE) when trying again later may help, (QUERY_TOO_SLOW) after
// statement_timeout; ABORTED
// (TRANSACTION_CONFLICT) for serialization failures and deadlocks; FAILED_PRECONDITION (IN_USE)
// when a row that is needed was to go, or one that goes was to be needed; INTERNAL (DATABASE_ERROR)
// otherwise.
absl::Status StatusFromSqlState(const std::string& sqlstate, const std::string& message);

// What PostgreSQL names in an error; "" where it names nothing.
struct SqlErrorPlace {
  std::string table;
  std::string column;
  std::string constraint;
};

// Returns the status for an error of the classes 22, 23 and 54 (a value, a constraint, a limit):
// as of StatusFromSqlState(), with its place in the metadata. Nothing for any other error.
std::optional<absl::Status> StatusFromRefusedData(const std::string& sqlstate,
                                                  const std::string& message,
                                                  const SqlErrorPlace& place);

// Returns whether StatusFromRefusedData() made the status: another row may be taken.
bool IsRefusedData(const absl::Status& status);

// Runs `body` and returns its status, or that of the exception it ended with.
absl::Status CatchSqlErrors(const std::function<absl::Status()>& body);

// Returns whether the transaction can be repeated at once: TRANSACTION_CONFLICT.
bool IsTransactionConflict(const absl::Status& status);

// Returns whether a statement took longer than it may: QUERY_TOO_SLOW.
bool IsTooSlow(const absl::Status& status);

}  // namespace dq
