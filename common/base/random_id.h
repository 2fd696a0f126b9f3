// Random tokens and time-ordered ids from the kernel's generator. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace dq {

// Returns `bytes` random bytes as lower-case hex, for example 16 → 32 digits.
std::string RandomHex(size_t bytes);

// Returns `prefix` followed by 10 base32 digits of `now` in milliseconds and 10 random ones: sorts
// by time, and 2^50 values a millisecond make a clash improbable. Alphabet 0-9a-v (RFC 4648
// base32hex).
std::string TimeOrderedId(std::string_view prefix, absl::Time now);

// Returns a uniform number in [0, 1), for jitter.
double RandomUniform();

}  // namespace dq
