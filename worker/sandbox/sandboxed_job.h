// One chain in a process of its own: started, watched, killed, its end made a result or a typed
// error. What a hostile or huge file does to that process is an error of this job and nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/chain/chain_runner.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/paced_checkpoints.h"
#include "worker/chain/progress.h"
#include "worker/sandbox/child_process.h"

namespace dq {

// Address space beyond the chain's memory limit: code, libraries, and a stack and an allocation
// arena (64 MiB of addresses, mostly untouched) for every thread.
inline constexpr int64_t kAddressSpaceHeadroomBytes = int64_t{384} << 20;
inline constexpr int64_t kAddressSpacePerThreadBytes = int64_t{128} << 20;

// Hears of a job while it runs.
class JobSink : public ProgressSink {
 public:
  virtual void OnStart(const ChainStart& start) = 0;
  virtual void OnSaved(const SavedCheckpoint& saved) = 0;
};

// A sink for callers that do not care, or not for all.
class NullJobSink : public JobSink {
 public:
  void OnProgress(const ChainProgress&) override {}
  void OnStart(const ChainStart&) override {}
  void OnSaved(const SavedCheckpoint&) override {}
};

// How a job keeps checkpoints; without files it keeps none.
struct JobCheckpoints {
  CheckpointFiles files;  // Open while the job starts.
  std::chrono::milliseconds interval = kCheckpointIntervalDefault;
  // The one in the files to go on from; none: it starts over.
  std::optional<WantedCheckpoint> resume = {};
};

class SandboxedJob {
 public:
  // Starts `program` (a dq-worker) on `spec` and `files`, which may be closed afterwards.
  // It may use `cpu_seconds` of CPU time, 0: any. UNAVAILABLE SANDBOX_FAILED.
  static absl::StatusOr<std::unique_ptr<SandboxedJob>> Start(const std::string& program,
                                                             const ChainSpec& spec,
                                                             const ChainFiles& files,
                                                             int64_t cpu_seconds,
                                                             const JobCheckpoints& checkpoints);

  // Runs the job to its end: tells `sink` of it, returns the chain's result or error. Besides
  // the errors of RunChain(): TIMEOUT after `timeout`; CANCELLED after Kill(); OUT_OF_MEMORY,
  // CPU_LIMIT or CRASHED (with the last words on stderr) when the process died. To be called once,
  // by the thread that called Start().
  absl::StatusOr<ChainResult> Run(absl::Duration timeout, JobSink& sink);

  // Kills the process, from any thread, at any time.
  void Kill() { child_->Kill(); }
  // Lets the job take a checkpoint, if it can at the moment, and end with INTERRUPTED soon: within
  // kInterruptSeconds it is killed. From any thread, at any time.
  void Interrupt();
  // The same when it can take a checkpoint; until then it goes on.
  void InterruptWhenSaved();

 private:
  explicit SandboxedJob(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}

  const std::unique_ptr<ChildProcess> child_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace dq
