// A stand-in for `dq-worker job` that keeps the child's side of the agreement and does what the
// display name of its input asks for: "hang.csv" hangs, "abort.csv" aborts, and so on; any other
// file is copied.
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "worker/chain/report.h"
#include "worker/sandbox/child_fds.h"
#include "worker/sandbox/child_limits.h"
#include "worker/sandbox/child_message.h"
#include "worker/sandbox/child_signals.h"
#include "worker/sandbox/syscall_filter.h"

namespace dq {
namespace {

void Say(const std::string& line) {
  if (::write(kChildStatusFd, line.data(), line.size()) < 0) std::abort();
}

std::string ReadAll(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t got;
       (got = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  return text;
}

void Write(int fd, const std::string& text) {
  if (fd >= 0 && ::write(fd, text.data(), text.size()) < 0) std::abort();
}

int Finish(ChainResult result) {
  Write(kChildCleanedFd, ReadAll(kChildInputFd));
  Write(kChildReportFd, result.report_json);
  Say(EncodeResultLine(result));
  return 0;
}

ChainResult SomeResult() {
  ChainResult result;
  result.report_json = "{\"rows_in\":3}";
  result.score = 97.5;
  result.verdict = Verdict::kPassed;
  result.rows_in = 3;
  result.rows_out = 3;
  result.totals = {{"complete", 3, 30, 0.25}};
  return result;
}

int SayParseFailed() {
  Say(EncodeErrorLine(MakeError(absl::StatusCode::kInvalidArgument, "PARSE_FAILED",
                                "row 3 is ragged", {{"row", "3"}, {"category", "file"}})));
  return 1;
}

int Hang() {
  ChainProgress progress;
  progress.percent = 12.5;
  progress.stage = "complete";
  Say(EncodeProgressLine(progress));
  for (;;) ::pause();
}

// Fails when it is asked to stop with a checkpoint.
int FailWhenInterrupted() {
  sigset_t interrupt;
  ::sigemptyset(&interrupt);
  ::sigaddset(&interrupt, kInterruptWhenSavedSignal);
  ::pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
  Say(EncodeProgressLine({}));
  int signal = 0;
  ::sigwait(&interrupt, &signal);
  return SayParseFailed();
}

// Whether a system call is answered with anything but the filter's refusal: the arguments given are
// wrong on purpose, so that nothing happens when it is let through.
template <typename... Arguments>
bool IsLetThrough(long number, Arguments... arguments) {
  errno = 0;
  return ::syscall(number, arguments...) >= 0 || errno != EPERM;
}

// Notes the names of the calls that the filter let through.
class Probes {
 public:
  void Note(const char* name, bool worked) {
    if (worked) worked_ += std::string(name) + " ";
  }
  const std::string& worked() const { return worked_; }

 private:
  std::string worked_;
};

void ProbeFiles(Probes& probes) {
  const int folder = kChildTempDirFd;
  probes.Note("open", ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
  probes.Note("openat", ::openat(folder, "report.json", O_RDONLY | O_CLOEXEC) >= 0);
  probes.Note("tmpfile", ::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) >= 0);
  probes.Note("unlinkat", ::unlinkat(folder, "report.json", 0) == 0);
  probes.Note("fchmodat2", IsLetThrough(452, folder, "report.json", 0600, 0));
  probes.Note("utimensat", IsLetThrough(SYS_utimensat, folder, "report.json", nullptr, 0));
  probes.Note("fsetxattr", IsLetThrough(SYS_fsetxattr, -1, "user.x", "", 0, 0));
  probes.Note("open_tree", IsLetThrough(SYS_open_tree, -1, "", 0));
}

void ProbeProcesses(Probes& probes) {
  const pid_t parent = ::getppid();
  probes.Note("socket", ::socket(AF_INET, SOCK_STREAM, 0) >= 0);
  probes.Note("kill", ::kill(parent, 0) == 0);
  probes.Note("tkill", IsLetThrough(SYS_tkill, parent, 0));
  probes.Note("tgkill", IsLetThrough(SYS_tgkill, parent, parent, 0));
  probes.Note("own tgkill", IsLetThrough(SYS_tgkill, ::getpid(), ::gettid(), 0));
  probes.Note("rt_sigqueueinfo", IsLetThrough(SYS_rt_sigqueueinfo, parent, 0, nullptr));
  probes.Note("rt_tgsigqueueinfo", IsLetThrough(SYS_rt_tgsigqueueinfo, parent, parent, 0, nullptr));
  probes.Note("prlimit64", IsLetThrough(SYS_prlimit64, parent, RLIMIT_AS, nullptr, nullptr));
  probes.Note("own prlimit64", IsLetThrough(SYS_prlimit64, 0, RLIMIT_AS, nullptr, nullptr));
  probes.Note("setpriority", IsLetThrough(SYS_setpriority, 99, 0, 0));
  probes.Note("sched_setaffinity", IsLetThrough(SYS_sched_setaffinity, 0, 0, nullptr));
  probes.Note("shmget", IsLetThrough(SYS_shmget, 1, 0, 0));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  probes.Note("fork", child > 0);
  char* const arguments[] = {nullptr};
  probes.Note("exec", ::execve("/bin/true", arguments, arguments) == 0);
  std::thread([&] { probes.Note("thread", true); }).join();
}

// Says whether a capability is left, which root has before it gives them up.
bool HasCapability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return true;
  return (data[0].effective | data[0].permitted | data[1].effective | data[1].permitted) != 0;
}

std::string ProbeFilter() {
  Probes probes;
  ProbeFiles(probes);
  ProbeProcesses(probes);
  probes.Note("capability", HasCapability());
  return probes.worked();
}

int Probe() {
  ChainResult result = SomeResult();
  if (!InstallSyscallFilter().ok()) {
    result.report_json = "no filter";
  } else {
    result.report_json = ProbeFilter();
  }
  Say(EncodeResultLine(result));
  return 0;
}

int ListDescriptors() {
  ChainResult result = SomeResult();
  result.report_json.clear();
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) result.report_json += std::to_string(fd) + " ";
  }
  Say(EncodeResultLine(result));
  return 0;
}

int ListLimits() {
  ChainResult result = SomeResult();
  rlimit descriptors{};
  rlimit cpu{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  ::getrlimit(RLIMIT_CPU, &cpu);
  result.report_json = "descriptors " + std::to_string(descriptors.rlim_max) + " cpu " +
                       std::to_string(cpu.rlim_cur);
  Say(EncodeResultLine(result));
  return 0;
}

int BurnTime() {
  for (const volatile bool more = true; more;) {
  }
  return 0;
}

int MapMuch() {
  ChainResult result = SomeResult();
  void* much = ::mmap(nullptr, size_t{64} << 30, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  result.report_json = much == MAP_FAILED ? "refused" : "mapped";
  Say(EncodeResultLine(result));
  return 0;
}

int Act(const std::string& what) {
  const std::map<std::string, std::function<int()>> acts = {
      {"rejects",
       [] {
         ChainResult result = SomeResult();
         result.rows_rejected = 1;
         result.has_rejects = true;
         Write(kChildRejectsFd, "row,reason\n");
         return Finish(result);
       }},
      {"hang", Hang},
      {"abort",
       [] {
         std::fputs("last words\n", stderr);
         std::abort();
         return 0;
       }},
      {"killed", [] { return ::raise(SIGKILL); }},
      {"silent", [] { return 7; }},
      {"late", [] { return Finish(SomeResult()) + 7; }},
      {"alloc", []() -> int { throw std::bad_alloc(); }},
      {"error", SayParseFailed},
      {"interrupted", FailWhenInterrupted},
      {"garbage",
       [] {
         Say("no json\n");
         return 0;
       }},
      {"flood",
       [] {
         for (size_t i = 0; i < 2 * kChildLineBytesMax; i += 1024) Say(std::string(1024, 'x'));
         return 0;
       }},
      {"probe", Probe},
      {"descriptors", ListDescriptors},
      {"much", MapMuch},
      {"limits", ListLimits},
      {"burn", BurnTime},
      {"long",
       [] {
         ChainResult result = SomeResult();
         result.report_json = std::string(kReportBytesMax + 1, 'x');
         return Finish(result);
       }},
  };
  const auto act = acts.find(what);
  return act == acts.end() ? Finish(SomeResult()) : act->second();
}

int Main() {
  const absl::StatusOr<ChildOrders> orders = DecodeChildOrders(ReadAll(kChildSpecFd));
  if (!orders.ok()) return 2;
  if (!LimitChild(orders->parent_pid, orders->limits).ok()) return 3;
  return Act(std::filesystem::path(orders->chain.display_name).stem().string());
}

}  // namespace
}  // namespace dq

int main() { return dq::Main(); }
