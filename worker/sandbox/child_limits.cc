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

// Between SIGXCPU at the soft limit and SIGKILL at the hard one.
constexpr rlim_t kKillSeconds = 1;

absl::Status SetLimit(__rlimit_resource resource, rlim_t value, rlim_t hard_extra = 0) {
  const rlimit limit{value, value + hard_extra};
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

absl::Status LimitChild(int32_t parent_pid, const ChildLimits& limits) {
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
  DQ_RETURN_IF_ERROR(SetLimit(RLIMIT_NOFILE, kChildDescriptorsMax));
  if (limits.cpu_seconds > 0) {
    DQ_RETURN_IF_ERROR(SetLimit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu_seconds), kKillSeconds));
  }
  if (limits.address_space_bytes == 0 || kSanitized) return absl::OkStatus();
  return SetLimit(RLIMIT_AS, static_cast<rlim_t>(limits.address_space_bytes));
}

}  // namespace dq
