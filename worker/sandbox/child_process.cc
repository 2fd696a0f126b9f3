#include "worker/sandbox/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/base/write_all.h"
#include "worker/sandbox/child_fds.h"
#include "worker/sandbox/child_message.h"
#include "worker/sandbox/pipe_reader.h"

namespace dq {
namespace {

// Descriptors to pass are first moved here and above, so that none of them is overwritten by
// another one on its way to its number in the child.
constexpr int kMovedFdsBegin = 64;

// Longer waits are cut into pieces.
constexpr absl::Duration kPollMax = absl::Seconds(60);

absl::Status SandboxError(int error_number, std::string_view what) {
  return MakeError(
      absl::StatusCode::kUnavailable, "SANDBOX_FAILED",
      "cannot start the job's process: " + std::string(what) + ": " + std::strerror(error_number),
      {{"category", "system"}});
}

// The C library's own declarations of these two are not fit for C++.
int OpenPidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

struct Pipe {
  UniqueFd read;  // Does not block.
  UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return SandboxError(errno, "pipe2");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) return SandboxError(errno, "fcntl");
  return pipe;
}

// Returns an unnamed file that holds `text`, positioned at its beginning.
absl::StatusOr<UniqueFd> FileOf(std::string_view text) {
  UniqueFd file(::memfd_create("orders", MFD_CLOEXEC));
  if (!file) return SandboxError(errno, "memfd_create");
  const int error = WriteAllAt(file.get(), text, 0);
  if (error != 0) return SandboxError(error, "pwrite");
  return file;
}

// What a child gets: descriptors by number, everything else closed.
class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  // Passes `fd` as `number`, or closes `number` when there is none.
  absl::Status Pass(int fd, int number) {
    if (fd < 0) {
      ::posix_spawn_file_actions_addclose(&actions_, number);
      return absl::OkStatus();
    }
    UniqueFd moved(::fcntl(fd, F_DUPFD_CLOEXEC, kMovedFdsBegin));
    if (!moved) return SandboxError(errno, "fcntl");
    ::posix_spawn_file_actions_adddup2(&actions_, moved.get(), number);
    moved_.push_back(std::move(moved));
    return absl::OkStatus();
  }
  // Ends the list.
  const posix_spawn_file_actions_t* Finish() {
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kChildFdsEnd);
    return &actions_;
  }

 private:
  posix_spawn_file_actions_t actions_;
  std::vector<UniqueFd> moved_;
};

absl::Status PassFiles(const ChainFiles& files, const CheckpointFiles& checkpoints,
                       SpawnActions& actions) {
  const std::pair<int, int> passed[] = {{files.input_fd, kChildInputFd},
                                        {files.reference_fd, kChildReferenceFd},
                                        {files.cleaned_fd, kChildCleanedFd},
                                        {files.report_fd, kChildReportFd},
                                        {files.changes_fd, kChildChangesFd},
                                        {files.clusters_fd, kChildClustersFd},
                                        {files.rejects_fd, kChildRejectsFd},
                                        {files.profile_fd, kChildProfileFd},
                                        {files.intermediate_fd, kChildIntermediateFd},
                                        {files.temp_dir_fd, kChildTempDirFd},
                                        {checkpoints.learned_fd, kChildLearnedFd},
                                        {checkpoints.slot_fds[0], kChildSlotAFd},
                                        {checkpoints.slot_fds[1], kChildSlotBFd}};
  for (const auto& [fd, number] : passed) DQ_RETURN_IF_ERROR(actions.Pass(fd, number));
  return absl::OkStatus();
}

absl::StatusOr<pid_t> Spawn(const std::string& program, SpawnActions& actions) {
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = program;
  std::string verb = "job";
  char* arguments[] = {name.data(), verb.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = -1;
  const int rc =
      ::posix_spawn(&pid, program.c_str(), actions.Finish(), &attributes, arguments, environment);
  ::posix_spawnattr_destroy(&attributes);
  if (rc != 0) return SandboxError(rc, program);
  return pid;
}

int PollTimeoutMs(absl::Duration left) {
  left = std::clamp(left, absl::ZeroDuration(), kPollMax);
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::string& program, std::string_view orders, const ChainFiles& files,
    const CheckpointFiles& checkpoints) {
  DQ_ASSIGN_OR_RETURN(const UniqueFd orders_file, FileOf(orders));
  DQ_ASSIGN_OR_RETURN(Pipe status, MakePipe());
  DQ_ASSIGN_OR_RETURN(Pipe captured, MakePipe());
  SpawnActions actions;
  DQ_RETURN_IF_ERROR(actions.Pass(captured.write.get(), STDOUT_FILENO));
  DQ_RETURN_IF_ERROR(actions.Pass(captured.write.get(), STDERR_FILENO));
  DQ_RETURN_IF_ERROR(actions.Pass(orders_file.get(), kChildSpecFd));
  DQ_RETURN_IF_ERROR(actions.Pass(status.write.get(), kChildStatusFd));
  DQ_RETURN_IF_ERROR(PassFiles(files, checkpoints, actions));
  DQ_ASSIGN_OR_RETURN(const pid_t pid, Spawn(program, actions));
  UniqueFd process(OpenPidfd(pid));
  if (!process) {
    const int error_number = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return SandboxError(error_number, "pidfd_open");
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(std::move(process), std::move(status.read), std::move(captured.read)));
}

ChildProcess::ChildProcess(UniqueFd process, UniqueFd status, UniqueFd captured)
    : process_(std::move(process)), status_(std::move(status)), captured_(std::move(captured)) {}

ChildProcess::~ChildProcess() {
  if (reaped_) return;
  Signal(SIGKILL);
  Reap();
}

void ChildProcess::Signal(int signal) {
  ::syscall(SYS_pidfd_send_signal, process_.get(), signal, nullptr, 0);
}

void ChildProcess::Kill() {
  killed_ = true;
  Signal(SIGKILL);
}

ChildExit ChildProcess::Reap() {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &info, WEXITED) != 0) {
    if (errno != EINTR) break;
  }
  reaped_ = true;
  return {info.si_code, info.si_status};
}

ChildEnding ChildProcess::Run(absl::Duration timeout,
                              const std::function<void(std::string_view)>& on_line) {
  const Clock& clock = SystemClock();
  const absl::Time deadline = clock.Boot() + timeout;
  LineReader lines(status_, kChildLineBytesMax);
  TailReader tail(captured_, kStderrTailBytes);
  ChildEnding ending;
  bool stopped = false;
  const auto stop = [&](ChildStop why) {
    if (!std::exchange(stopped, true)) ending.stop = why;
    Signal(SIGKILL);
  };
  for (bool gone = false; !gone;) {
    pollfd waits[] = {
        {process_.get(), POLLIN, 0}, {status_.get(), POLLIN, 0}, {captured_.get(), POLLIN, 0}};
    ::poll(waits, 3, stopped ? -1 : PollTimeoutMs(deadline - clock.Boot()));
    gone = waits[0].revents != 0;  // Looked at first: what it wrote before is in the pipes.
    if (!stopped && lines.Read(on_line) == PipeState::kOverlong) stop(ChildStop::kFlooded);
    tail.Read();
    if (!gone && !stopped && clock.Boot() >= deadline) stop(ChildStop::kTimedOut);
  }
  ending.exit = Reap();
  ending.stderr_tail = tail.tail();
  if (!stopped && killed_) ending.stop = ChildStop::kKilled;
  return ending;
}

}  // namespace dq
