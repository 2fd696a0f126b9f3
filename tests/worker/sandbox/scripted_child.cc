// A stand-in for `dq-worker job` that keeps the child's side of the agreement and does what the
// display name of its input asks for: "hang.csv" hangs, "abort.csv" aborts, and so on; any other
// file is copied.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
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
#include "worker/sandbox/child_fds.h"
#include "worker/sandbox/child_limits.h"
#include "worker/sandbox/child_message.h"
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

int Hang() {
  ChainProgress progress;
  progress.percent = 12.5;
  progress.stage = "complete";
  Say(EncodeProgressLine(progress));
  for (;;) ::pause();
}

// Says of each call whether the filter let it through.
std::string ProbeFilter() {
  std::string open_calls;
  const auto note = [&](const char* name, bool worked) {
    if (worked) open_calls += std::string(name) + " ";
  };
  note("socket", ::socket(AF_INET, SOCK_STREAM, 0) >= 0);
  note("open", ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
  note("openat", ::openat(kChildTempDirFd, "report.json", O_RDONLY | O_CLOEXEC) >= 0);
  note("tmpfile", ::openat(kChildTempDirFd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) >= 0);
  note("unlinkat", ::unlinkat(kChildTempDirFd, "report.json", 0) == 0);
  note("kill", ::kill(::getppid(), 0) == 0);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  note("fork", child > 0);
  char* const arguments[] = {nullptr};
  note("exec", ::execve("/bin/true", arguments, arguments) == 0);
  std::thread([&] { note("thread", true); }).join();
  return open_calls;
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
      {"error",
       [] {
         Say(EncodeErrorLine(MakeError(absl::StatusCode::kInvalidArgument, "PARSE_FAILED",
                                       "row 3 is ragged", {{"row", "3"}, {"category", "file"}})));
         return 1;
       }},
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
  };
  const auto act = acts.find(what);
  return act == acts.end() ? Finish(SomeResult()) : act->second();
}

int Main() {
  const absl::StatusOr<ChildOrders> orders = DecodeChildOrders(ReadAll(kChildSpecFd));
  if (!orders.ok()) return 2;
  if (!LimitChild(orders->parent_pid, orders->address_space_bytes).ok()) return 3;
  return Act(std::filesystem::path(orders->chain.display_name).stem().string());
}

}  // namespace
}  // namespace dq

int main() { return dq::Main(); }
