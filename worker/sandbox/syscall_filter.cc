#include "worker/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "common/base/error.h"
#include "worker/sandbox/child_limits.h"

namespace dq {
namespace {

constexpr std::array kDenied = {
    // Network and other processes' sockets.
    SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
    SCMP_SYS(accept), SCMP_SYS(accept4),
    // Programs, processes, debugging, signals.
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kill), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(setns), SCMP_SYS(unshare),
    // Paths.
    SCMP_SYS(open), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(chmod),
    SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown),
    SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(chroot),
    SCMP_SYS(pivot_root), SCMP_SYS(chdir), SCMP_SYS(fchdir),
    // Kernel surface that bypasses or weakens a filter.
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key)};

// __O_TMPFILE, the bit of O_TMPFILE that is not O_DIRECTORY.
constexpr scmp_datum_t kUnnamedFile = O_TMPFILE & ~O_DIRECTORY;

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

int AddRules(scmp_filter_ctx filter) {
  const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
  for (const int call : kDenied) {
    if (const int rc = seccomp_rule_add(filter, refuse, call, 0); rc != 0) return rc;
  }
  // An unnamed file in any directory reveals nothing and can not be given a name (linkat).
  if (const int rc = seccomp_rule_add(filter, refuse, SCMP_SYS(openat), 1,
                                      SCMP_A2(SCMP_CMP_MASKED_EQ, kUnnamedFile, 0));
      rc != 0) {
    return rc;
  }
  // Threads yes, processes no. clone3 hides its flags in memory: the C library falls back to clone.
  if (const int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
      rc != 0) {
    return rc;
  }
  return seccomp_rule_add(filter, refuse, SCMP_SYS(clone), 1,
                          SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

}  // namespace

absl::Status InstallSyscallFilter() {
  if (kSanitized) return absl::UnimplementedError("a sanitizer needs the system calls");
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) return absl::UnimplementedError("seccomp_init failed");
  int rc = AddRules(filter.get());
  if (rc == 0) rc = seccomp_load(filter.get());
  if (rc == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnimplemented, "SANDBOX_FAILED",
                   std::string("seccomp: ") + std::strerror(-rc));
}

}  // namespace dq
