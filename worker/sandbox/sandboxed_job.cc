#include "worker/sandbox/sandboxed_job.h"

#include <signal.h>
#include <unistd.h>

#include <optional>
#include <utility>
#include <variant>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "worker/sandbox/child_exit.h"
#include "worker/sandbox/child_message.h"
#include "worker/sandbox/child_signals.h"

namespace dq {
namespace {

// Takes a child's lines in: progress goes on, the last word is kept.
class Listener {
 public:
  explicit Listener(JobSink& sink) : sink_(sink) {}

  void OnLine(std::string_view text) {
    absl::StatusOr<ChildLine> line = DecodeChildLine(text);
    if (!line.ok()) {
      end_ = std::move(line).status();
    } else if (const auto* progress = std::get_if<ChainProgress>(&*line)) {
      sink_.OnProgress(*progress);
    } else if (const auto* start = std::get_if<ChainStart>(&*line)) {
      sink_.OnStart(*start);
    } else if (const auto* saved = std::get_if<SavedCheckpoint>(&*line)) {
      sink_.OnSaved(*saved);
    } else {
      end_ = std::get<ChildEnd>(*std::move(line));
    }
  }
  std::optional<ChildEnd>& end() { return end_; }

 private:
  JobSink& sink_;
  std::optional<ChildEnd> end_;
};

absl::Status TimeoutError(absl::Duration timeout) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "TIMEOUT",
                   "the attempt took longer than its execution timeout of " +
                       std::to_string(absl::ToInt64Milliseconds(timeout)) + " ms",
                   {{"category", "processing"}});
}

// Of the signal itself when it had only begun, of the alarm when it could not stop in time.
bool DiedOfInterrupt(const ChildExit& exit) {
  return exit.code == CLD_KILLED && (exit.status == SIGALRM || exit.status == kInterruptSignal ||
                                     exit.status == kInterruptWhenSavedSignal);
}

absl::StatusOr<ChainResult> Judge(const ChildEnding& ending, absl::Duration timeout,
                                  std::optional<ChildEnd>& end) {
  switch (ending.stop) {
    case ChildStop::kKilled:
      return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the attempt was stopped");
    case ChildStop::kTimedOut:
      return TimeoutError(timeout);
    case ChildStop::kFlooded:
      return MakeError(absl::StatusCode::kInternal, "CRASHED",
                       "the job's process wrote a line that is too long", {{"category", "system"}});
    case ChildStop::kExited:
      break;
  }
  const bool clean = ending.exit.code == CLD_EXITED && ending.exit.status == 0;
  if (end.has_value() && (clean || !end->ok())) return *std::move(end);
  return ErrorOfChildExit(ending.exit, ending.stderr_tail);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SandboxedJob>> SandboxedJob::Start(
    const std::string& program, const ChainSpec& spec, const ChainFiles& files, int64_t cpu_seconds,
    const JobCheckpoints& checkpoints) {
  ChildOrders orders;
  orders.parent_pid = ::getpid();
  orders.limits.address_space_bytes = spec.memory_limit_bytes + kAddressSpaceHeadroomBytes +
                                      spec.threads * kAddressSpacePerThreadBytes;
  orders.limits.cpu_seconds = cpu_seconds;
  orders.checkpoint_interval_ms = checkpoints.interval.count();
  orders.resume = checkpoints.resume;
  orders.chain = spec;
  DQ_ASSIGN_OR_RETURN(
      std::unique_ptr<ChildProcess> child,
      ChildProcess::Start(program, EncodeChildOrders(orders), files, checkpoints.files));
  return std::unique_ptr<SandboxedJob>(new SandboxedJob(std::move(child)));
}

void SandboxedJob::Interrupt() {
  interrupted_ = true;
  child_->Signal(kInterruptSignal);
}

void SandboxedJob::InterruptWhenSaved() {
  interrupted_ = true;
  child_->Signal(kInterruptWhenSavedSignal);
}

absl::StatusOr<ChainResult> SandboxedJob::Run(absl::Duration timeout, JobSink& sink) {
  Listener listener(sink);
  const ChildEnding ending =
      child_->Run(timeout, [&](std::string_view line) { listener.OnLine(line); });
  if (!ending.stderr_tail.empty()) {
    Log(LogLevel::kWarning, "job process said", {{"stderr", ending.stderr_tail}});
  }
  if (interrupted_ && DiedOfInterrupt(ending.exit)) {
    return MakeError(absl::StatusCode::kAborted, "INTERRUPTED",
                     "the job was stopped between two checkpoints", {{"category", "processing"}});
  }
  return Judge(ending, timeout, listener.end());
}

}  // namespace dq
