// Typed errors: an absl::Status that carries a stable reason (UPPER_SNAKE_CASE) and metadata, so
// that every layer hands on the same error and the edge can print it or send it as
// google.rpc.ErrorInfo. Stateless and thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace dq {

using ErrorMetadata = std::map<std::string, std::string>;

// Makes a status of `code` (not OK) with `message`, for a person: what happened and what to do.
[[nodiscard]] absl::Status MakeError(absl::StatusCode code, std::string_view reason,
                                     std::string_view message, const ErrorMetadata& metadata = {});

// Returns the reason of a typed error; "" for OK and for a status without one.
std::string ReasonOf(const absl::Status& status);

// Returns the metadata of a typed error; empty for OK and for a status without any.
ErrorMetadata MetadataOf(const absl::Status& status);

// Returns the message as a std::string (this Abseil's string_view is not the standard one).
std::string MessageOf(const absl::Status& status);

// Makes an UNKNOWN, NOT_FOUND, PERMISSION_DENIED, ... status from `error_number` (errno): the
// message is
// "`what`: <text of the error number>", the reason `reason`.
[[nodiscard]] absl::Status ErrnoError(int error_number, std::string_view reason,
                                      std::string_view what);

}  // namespace dq
