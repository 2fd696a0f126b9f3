// The directory beneath a job's prefix that one attempt writes its outputs into, as workers name it
// and schedulers know it again. Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dq {

// Returns the directory of an attempt: "a{attempt}-" and the first eight digits of its lease's
// token, so that no two leases share one.
std::string AttemptDirectory(int64_t attempt, std::string_view token);

// Returns the attempt in the name of such a directory, or nothing for another name.
std::optional<int64_t> AttemptOfDirectory(std::string_view name);

}  // namespace dq
