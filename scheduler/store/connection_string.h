// Understands connection strings of users: keyword/value text or a postgresql:// URI. Stateless and
// thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace dq {

// A connection string with the product's defaults, and what may be shown of it.
struct ConnectionTarget {
  std::string conninfo;  // Keyword/value; never printed, it may hold a password.
  std::string label;     // "host:port, database name", for messages.
};

// Completes `text`: connect_timeout, keepalives and application_name unless it has its own.
// INVALID_ARGUMENT (DATABASE_URL_INVALID).
absl::StatusOr<ConnectionTarget> ParseConnectionTarget(const std::string& text);

}  // namespace dq
