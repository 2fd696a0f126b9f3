// Turns error numbers of file operations into the product's typed errors. Stateless, thread-safe.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace dq {

// Returns the typed error for `error_number`; the message is "`what`: <text>". Missing → NOT_FOUND
// FILE_MISSING; no right → PERMISSION_DENIED FILE_UNREADABLE; full disk or quota →
// RESOURCE_EXHAUSTED DISK_FULL; a path that leaves the root or is no plain file → INVALID_ARGUMENT
// BAD_FIELD; anything else → UNAVAILABLE IO_ERROR. Metadata has `category` and `errno`.
[[nodiscard]] absl::Status StorageError(int error_number, std::string_view what);

// As StorageError(), for a file that this program made and nobody named: missing or without right
// is UNAVAILABLE IO_ERROR of category system.
[[nodiscard]] absl::Status OutputError(int error_number, std::string_view what);

// Returns INVALID_ARGUMENT BAD_FIELD for `uri`, which cannot be used because it `why`.
[[nodiscard]] absl::Status BadObject(std::string_view uri, std::string_view why);

}  // namespace dq
