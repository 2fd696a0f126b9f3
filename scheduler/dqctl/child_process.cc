#include "scheduler/dqctl/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace dq::dqctl {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(5);

// Everything the child needs between fork and exec, prepared before: other threads may hold the
// allocator's lock at the fork.
struct Prepared {
  std::vector<char*> arguments;
  const ChildOptions& options;
  pid_t parent;
  int null_fd;
  int error_fd;
};

[[noreturn]] void Fail(int error_fd) {
  const int error = errno;
  (void)!::write(error_fd, &error, sizeof error);
  ::_exit(127);
}

// Runs in the child: async-signal-safe calls only.
[[noreturn]] void Become(const Prepared& prepared) {
  const ChildOptions& options = prepared.options;
  ::setpgid(0, 0);
  if (options.account) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(options.account->gid) != 0 ||
        ::setuid(options.account->uid) != 0) {
      Fail(prepared.error_fd);
    }
  }
  // After setuid, which clears it.
  ::prctl(PR_SET_PDEATHSIG, options.death_signal);
  if (::getppid() != prepared.parent) ::_exit(127);
  ::dup2(prepared.null_fd, STDIN_FILENO);
  if (options.stdout_fd >= 0) ::dup2(options.stdout_fd, STDOUT_FILENO);
  if (options.stderr_fd >= 0) ::dup2(options.stderr_fd, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(prepared.arguments[0], prepared.arguments.data());
  Fail(prepared.error_fd);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string ChildEnd::Text() const {
  return signal == 0 ? "exit code " + std::to_string(exit_code)
                     : "signal " + std::to_string(signal);
}

absl::StatusOr<ChildProcess> ChildProcess::Start(const ChildOptions& options) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return ErrnoError(errno, "START_FAILED", "pipe");
  const UniqueFd read_end(pipe[0]);
  UniqueFd write_end(pipe[1]);
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Prepared prepared{.arguments = Pointers(options.command),
                          .options = options,
                          .parent = ::getpid(),
                          .null_fd = null.get(),
                          .error_fd = write_end.get()};
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoError(errno, "START_FAILED", "cannot start " + options.command[0]);
  if (pid == 0) Become(prepared);
  ChildProcess child(pid);
  write_end.Reset();
  int error = 0;
  // The pipe closes without a word when the program runs.
  if (::read(read_end.get(), &error, sizeof error) == sizeof error) {
    child.Wait();
    return ErrnoError(error, "START_FAILED", "cannot start " + options.command[0]);
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), end_(std::exchange(other.end_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(end_, other.end_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !end_) Stop(SIGKILL, absl::ZeroDuration());
}

void ChildProcess::Signal(int signal) const {
  if (pid_ > 0 && !end_) ::kill(pid_, signal);
}

std::optional<ChildEnd> ChildProcess::Reap(int flags) {
  if (end_ || pid_ <= 0) return end_;
  int status = 0;
  pid_t got = 0;
  do {
    got = ::waitpid(pid_, &status, flags);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  end_ = ChildEnd{.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                  .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  return end_;
}

std::optional<ChildEnd> ChildProcess::Poll() { return Reap(WNOHANG); }

ChildEnd ChildProcess::Wait() { return Reap(0).value_or(ChildEnd{}); }

ChildEnd ChildProcess::Stop(int signal, absl::Duration grace) {
  Signal(signal);
  const absl::Time until = absl::Now() + grace;
  while (absl::Now() < until) {
    if (const auto end = Poll()) return *end;
    absl::SleepFor(kPollInterval);
  }
  Signal(SIGKILL);
  return Wait();
}

}  // namespace dq::dqctl
