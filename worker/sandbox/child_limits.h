// What a job child does to itself before it looks at data. Child side; called once, by the only
// thread.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace dq {

// Whether this build carries a sanitizer: those need address space and files of their own, so
// address space limit and system call filter are off.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Ties the process to its parent (SIGKILL when the parent thread that made it ends), gives up its
// capabilities and every way to gain rights, forbids core files, sets RLIMIT_AS to
// `address_space_bytes` unless 0. FAILED_PRECONDITION when `parent_pid` is not the parent any more.
absl::Status LimitChild(int32_t parent_pid, int64_t address_space_bytes);

}  // namespace dq
