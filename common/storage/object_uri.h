// The names of objects: "file:///key", where key is a relative path beneath the storage root. The
// key is taken literally, without percent-encoding. Stateless and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace dq {

// Longest key, in bytes.
inline constexpr size_t kObjectKeyBytesMax = 1024;

// Returns the key of `uri`. INVALID_ARGUMENT BAD_FIELD for another scheme, an authority, a key that
// is empty, too long or absolute, and for components that are empty, "." or "..".
absl::StatusOr<std::string> ObjectKeyOf(std::string_view uri);

// Returns "file:///" + `key`.
std::string FileUri(std::string_view key);

}  // namespace dq
