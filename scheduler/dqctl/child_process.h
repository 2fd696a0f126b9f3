// A child process that never outlives this one: the kernel ends it when the thread that started it
// goes away, and the destructor ends and reaps it. Start() from a thread that lives as long as the
// child should (the main thread). Not thread-safe, except Signal().
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace dq::dqctl {

// The account to run a child as.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct ChildOptions {
  std::vector<std::string> command;  // The program's path, then its arguments.
  int stdout_fd = -1;                // What becomes the child's stdout; -1: this process's.
  int stderr_fd = -1;
  std::optional<Account> account;  // Only root can change it.
  int death_signal = SIGKILL;      // What the child gets when this process is gone.
};

// How a child ended.
struct ChildEnd {
  int exit_code = 0;         // Meaningful when `signal` is 0.
  int signal = 0;            // The signal that killed it.
  std::string Text() const;  // "exit code 3" or "signal 9".
};

class ChildProcess {
 public:
  // Starts the program with an empty signal mask, stdin from /dev/null, and a process group of its
  // own, so that Ctrl-C reaches only this process. START_FAILED names a program that cannot be run.
  static absl::StatusOr<ChildProcess> Start(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  // Sends a signal; does nothing once the child is reaped.
  void Signal(int signal) const;
  // Returns how it ended, once it has; does not wait.
  std::optional<ChildEnd> Poll();
  // Waits for its end.
  ChildEnd Wait();
  // Sends `signal`, waits at most `grace`, then kills it.
  ChildEnd Stop(int signal, absl::Duration grace);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  std::optional<ChildEnd> Reap(int flags);

  pid_t pid_ = -1;
  std::optional<ChildEnd> end_;
};

}  // namespace dq::dqctl
