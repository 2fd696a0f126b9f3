// Writes bytes at a place of a file, all of them. Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace dq {

// Writes `bytes` to `fd` from `offset` on, whatever signals come; the file offset stays. Returns 0,
// or the error number of what went wrong: then any part of them may be written.
[[nodiscard]] int WriteAllAt(int fd, std::string_view bytes, int64_t offset);

}  // namespace dq
