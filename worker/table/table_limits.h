// How big a table may be, in any format. Values only.
#pragma once

#include <cstddef>

namespace dq {

inline constexpr size_t kColumnsMax = 10'000;             // More are UNSUPPORTED_FORMAT.
inline constexpr size_t kRowBytesMax = size_t{64} << 20;  // A longer row is rejected.

}  // namespace dq
