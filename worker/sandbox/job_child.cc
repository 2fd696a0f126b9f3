#include "worker/sandbox/job_child.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "worker/chain/chain_runner.h"
#include "worker/chain/paced_checkpoints.h"
#include "worker/sandbox/child_fds.h"
#include "worker/sandbox/child_limits.h"
#include "worker/sandbox/child_message.h"
#include "worker/sandbox/child_signals.h"
#include "worker/sandbox/syscall_filter.h"

namespace dq {
namespace {

// Progress is worth a line at most this often.
constexpr absl::Duration kProgressInterval = absl::Milliseconds(50);

bool WriteLine(const std::string& line) {
  for (size_t done = 0; done < line.size();) {
    const ssize_t written = ::write(kChildStatusFd, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;  // The parent is gone, and this process soon.
    done += static_cast<size_t>(written);
  }
  return true;
}

class PipeProgress final : public ProgressSink {
 public:
  void OnProgress(const ChainProgress& progress) override {
    const absl::Time now = SystemClock().Boot();
    if (now - last_ < kProgressInterval && progress.stage == stage_) return;
    last_ = now;
    stage_ = progress.stage;
    WriteLine(EncodeProgressLine(progress));
  }

 private:
  absl::Time last_ = absl::InfinitePast();
  std::string stage_;
};

// Set by signals. A process runs one job.
CancelToken stop_token;
CancelToken stop_when_saved_token;

void OnSignal(int signal) {
  if (signal == kInterruptWhenSavedSignal) return stop_when_saved_token.Cancel();
  ::alarm(kInterruptSeconds);
  stop_token.Cancel();
}

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  ::sigaction(kInterruptSignal, &action, nullptr);
  ::sigaction(kInterruptWhenSavedSignal, &action, nullptr);
}

int IfOpen(int fd) { return ::fcntl(fd, F_GETFD) < 0 ? -1 : fd; }

ChainFiles PassedFiles() {
  ChainFiles files;
  files.input_fd = IfOpen(kChildInputFd);
  files.reference_fd = IfOpen(kChildReferenceFd);
  files.cleaned_fd = IfOpen(kChildCleanedFd);
  files.report_fd = IfOpen(kChildReportFd);
  files.changes_fd = IfOpen(kChildChangesFd);
  files.clusters_fd = IfOpen(kChildClustersFd);
  files.rejects_fd = IfOpen(kChildRejectsFd);
  files.profile_fd = IfOpen(kChildProfileFd);
  files.intermediate_fd = IfOpen(kChildIntermediateFd);
  files.temp_dir_fd = IfOpen(kChildTempDirFd);
  return files;
}

std::string ReadOrders() {
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (off_t offset = 0;;) {
    const ssize_t got = ::pread(kChildSpecFd, buffer.data(), buffer.size(), offset);
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
    offset += got;
  }
}

void FilterSyscalls() {
  const absl::Status filtered = InstallSyscallFilter();
  if (filtered.ok() || kSanitized) return;
  Log(LogLevel::kWarning, "job runs without system call filter", {{"why", MessageOf(filtered)}});
}

absl::StatusOr<ChainResult> RunOrders(const StageFactory& make_stages) {
  DQ_ASSIGN_OR_RETURN(const ChildOrders orders, DecodeChildOrders(ReadOrders()));
  DQ_RETURN_IF_ERROR(LimitChild(orders.parent_pid, orders.limits));
  FilterSyscalls();
  PipeProgress progress;
  const CancelToken never;  // A job is cancelled by killing this process.
  PacedCheckpoints control(
      std::chrono::milliseconds(orders.checkpoint_interval_ms),
      {.now = stop_token, .when_saved = stop_when_saved_token},
      [](const ChainStart& start) { WriteLine(EncodeStartLine(start)); },
      [](const SavedCheckpoint& saved) { WriteLine(EncodeSavedLine(saved)); });
  CheckpointPlan plan;
  plan.files = {IfOpen(kChildLearnedFd), {IfOpen(kChildSlotAFd), IfOpen(kChildSlotBFd)}};
  plan.resume = orders.resume.has_value();
  plan.wanted = orders.resume.value_or(WantedCheckpoint());
  if (plan.files.learned_fd >= 0) plan.control = &control;
  return RunChain(orders.chain, make_stages, PassedFiles(), progress, never, plan);
}

// Catches what the data may provoke in libraries: nothing is left to unwind to.
absl::StatusOr<ChainResult> RunGuarded(const StageFactory& make_stages) {
  try {
    return RunOrders(make_stages);
  } catch (const std::bad_alloc&) {
    return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                     "the job needs more memory than it may use: raise --memory-per-job or split "
                     "the file",
                     {{"category", "processing"}});
  } catch (const std::exception& error) {
    return MakeError(absl::StatusCode::kInternal, "CRASHED",
                     std::string("the chain failed in an unforeseen way: ") + error.what(),
                     {{"category", "system"}});
  }
}

}  // namespace

int RunJobChild(const StageFactory& make_stages) {
  if (IfOpen(kChildSpecFd) < 0 || IfOpen(kChildStatusFd) < 0) {
    std::fputs("dq-worker job: started by dq-worker-agent only; use `dq-worker run`\n", stderr);
    return 2;
  }
  HandleSignals();
  ::signal(SIGXFSZ, SIG_IGN);  // A file that grows too large is an error of write(), as any other.
  const absl::StatusOr<ChainResult> result = RunGuarded(make_stages);
  if (!result.ok()) {
    WriteLine(EncodeErrorLine(result.status()));
    return 1;
  }
  return WriteLine(EncodeResultLine(*result)) ? 0 : 1;
}

}  // namespace dq
