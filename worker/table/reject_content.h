// What a rejects file shows of a row. Stateless.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dq {

inline constexpr size_t kRejectContentBytesMax = size_t{64} << 10;  // The rest is cut.

// Returns the row as valid UTF-8; what is not printable text as \xHH; a long one cut and marked.
std::string RejectContent(std::string_view row);

}  // namespace dq
