// What a job child does to itself before it looks at data. Child side; called once, by the only
// thread.
#pragma once

#include <sys/resource.h>

#include <cstdint>

#include "absl/status/status.h"

namespace dq {

// Descriptors of a child: what it is passed, and a few for temporary files.
inline constexpr rlim_t kChildDescriptorsMax = 64;

// What one job may use.
struct ChildLimits {
  int64_t address_space_bytes = 0;  // RLIMIT_AS; 0: no limit.
  int64_t cpu_seconds = 0;          // RLIMIT_CPU; 0: no limit.
};

// Whether this build carries a sanitizer: those need address space and files of their own, so
// address space limit and system call filter are off.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Ties the process to its parent (SIGKILL when the parent thread that made it ends), gives up its
// capabilities and every way to gain rights, forbids core files, and limits
// descriptors, address space and CPU time: the kernel kills it with SIGXCPU. FAILED_PRECONDITION
// when `parent_pid` is not the parent any more.
absl::Status LimitChild(int32_t parent_pid, const ChildLimits& limits);

}  // namespace dq
