#include "worker/sandbox/child_limits.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr char kReason[] = "SANDBOX_FAILED";

absl::Status SetLimit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{value, value};
  if (::setrlimit(resource, &limit) != 0) return ErrnoError(errno, kReason, "setrlimit");
  return absl::OkStatus();
}

// Gives up every capability. Nothing a chain does needs one, even when the worker runs as root.
absl::Status DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return ErrnoError(errno, kReason, "capset");
  return absl::OkStatus();
}

}  // namespace

absl::Status LimitChild(int32_t parent_pid, int64_t address_space_bytes) {
  DQ_RETURN_IF_ERROR(DropCapabilities());
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return ErrnoError(errno, kReason, "PDEATHSIG");
  // The parent may have died before the line above took effect.
  if (::getppid() != parent_pid) {
    return MakeError(absl::StatusCode::kFailedPrecondition, kReason, "the parent is gone");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return ErrnoError(errno, kReason, "NO_NEW_PRIVS");
  }
  DQ_RETURN_IF_ERROR(SetLimit(RLIMIT_CORE, 0));
  if (address_space_bytes == 0 || kSanitized) return absl::OkStatus();
  return SetLimit(RLIMIT_AS, static_cast<rlim_t>(address_space_bytes));
}

}  // namespace dq
