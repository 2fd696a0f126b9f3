#include "worker/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "worker/sandbox/child_limits.h"

namespace dq {
namespace {

// Newer than the C library's list; the number is the same on every architecture.
constexpr int kFchmodat2 = 452;

constexpr std::array kDenied = {
    // Network, and what processes share without a path.
    SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shmget), SCMP_SYS(shmat), SCMP_SYS(shmctl),
    SCMP_SYS(semget), SCMP_SYS(semctl), SCMP_SYS(semop), SCMP_SYS(semtimedop), SCMP_SYS(msgget),
    SCMP_SYS(msgctl), SCMP_SYS(msgsnd), SCMP_SYS(msgrcv), SCMP_SYS(mq_open), SCMP_SYS(mq_unlink),
    // Programs, processes, debugging, signals, scheduling.
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp), SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(setpriority),
    SCMP_SYS(ioprio_set), SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setparam),
    SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setattr), SCMP_SYS(migrate_pages),
    SCMP_SYS(move_pages), SCMP_SYS(setpgid), SCMP_SYS(setsid),
    // Limits and rights.
    SCMP_SYS(setrlimit), SCMP_SYS(capset), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid),
    SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(personality),
    // Paths.
    SCMP_SYS(open), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink),
    SCMP_SYS(symlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod),
    SCMP_SYS(mknodat), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), kFchmodat2,
    SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(truncate),
    SCMP_SYS(utime), SCMP_SYS(utimes), SCMP_SYS(futimesat), SCMP_SYS(utimensat), SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr),
    SCMP_SYS(fremovexattr), SCMP_SYS(inotify_init), SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch), SCMP_SYS(fanotify_init), SCMP_SYS(fanotify_mark), SCMP_SYS(chroot),
    SCMP_SYS(pivot_root), SCMP_SYS(chdir), SCMP_SYS(fchdir),
    // Mounts.
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(fspick), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(mount_setattr),
    // The machine.
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(syslog),
    SCMP_SYS(iopl), SCMP_SYS(ioperm),
    // Kernel surface that bypasses or weakens a filter.
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key)};

// __O_TMPFILE, the bit of O_TMPFILE that is not O_DIRECTORY.
constexpr scmp_datum_t kUnnamedFile = O_TMPFILE & ~O_DIRECTORY;

constexpr uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

// Refuses every call that is never right.
int DenyCalls(scmp_filter_ctx filter) {
  for (const int call : kDenied) {
    if (const int rc = seccomp_rule_add(filter, kRefuse, call, 0); rc != 0) return rc;
  }
  // clone3 hides its flags in memory: the C library falls back to clone.
  return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

// Refuses the calls that are right with some arguments only.
int DenyArguments(scmp_filter_ctx filter) {
  const std::pair<int, scmp_arg_cmp> rules[] = {
      // An unnamed file in any directory reveals nothing and can not be given a name (linkat).
      {SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, kUnnamedFile, 0)},
      // Threads yes, processes no.
      {SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)},
      // Signals to itself, which abort() needs.
      {SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_NE, static_cast<scmp_datum_t>(::getpid()))},
      // Its own limits: it may read them, and hard ones only go down.
      {SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0)},
  };
  for (const auto& [call, argument] : rules) {
    if (const int rc = seccomp_rule_add(filter, kRefuse, call, 1, argument); rc != 0) return rc;
  }
  return 0;
}

int AddRules(scmp_filter_ctx filter) {
  const int rc = DenyCalls(filter);
  return rc != 0 ? rc : DenyArguments(filter);
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
