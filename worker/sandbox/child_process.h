// A running job child as the parent sees it: started with nothing but its descriptors, read until
// it ends, killed from any thread. Knows nothing of what is said in the pipes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "worker/chain/chain_runner.h"
#include "worker/sandbox/child_exit.h"

namespace dq {

// What of a child's stderr is kept.
inline constexpr size_t kStderrTailBytes = 4096;

// Why Run() came back.
enum class ChildStop {
  kExited,    // By itself, or killed by somebody else.
  kKilled,    // By Kill().
  kTimedOut,  // By the time limit.
  kFlooded,   // By a line longer than it may write.
};

struct ChildEnding {
  ChildStop stop = ChildStop::kExited;
  ChildExit exit;
  std::string stderr_tail;
};

class ChildProcess {
 public:
  // Starts `program job` with `files` and `orders` at the numbers of child_fds.h, its own process
  // group, an environment of nothing, every other descriptor closed. `files` stay the caller's and
  // may be closed afterwards. UNAVAILABLE SANDBOX_FAILED when it cannot be started.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::string& program,
                                                             std::string_view orders,
                                                             const ChainFiles& files,
                                                             const CheckpointFiles& checkpoints);
  // Kills and reaps the child when it still runs.
  ~ChildProcess();

  // Hands every line of the status pipe to `on_line`, without its end, until the child has ended or
  // `timeout` is over, which kills it. Returns once the child is reaped. To be called once, by the
  // thread that called Start(): the child dies with that thread.
  ChildEnding Run(absl::Duration timeout, const std::function<void(std::string_view)>& on_line);

  // Kills the child, from any thread, at any time; no-op once it has ended.
  void Kill();
  // Sends the child a signal, from any thread, at any time; no-op once it has ended.
  void Signal(int signal);

 private:
  ChildProcess(UniqueFd process, UniqueFd status, UniqueFd captured);
  ChildExit Reap();

  const UniqueFd process_;  // A pidfd: stays valid and harmless after the child is gone.
  UniqueFd status_;
  UniqueFd captured_;  // stdout and stderr.
  std::atomic<bool> killed_{false};
  bool reaped_ = false;  // Run() and the destructor only.
};

}  // namespace dq
