// One chain in a process of its own: started, watched, killed, its end made a result or a typed
// error. What a hostile or huge file does to that process is an error of this job and nothing else.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/chain/chain_runner.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/progress.h"
#include "worker/sandbox/child_process.h"

namespace dq {

// Address space beyond the chain's memory limit: code, libraries, and a stack and an allocation
// arena (64 MiB of addresses, mostly untouched) for every thread.
inline constexpr int64_t kAddressSpaceHeadroomBytes = int64_t{384} << 20;
inline constexpr int64_t kAddressSpacePerThreadBytes = int64_t{128} << 20;

class SandboxedJob {
 public:
  // Starts `program` (a dq-worker) on `spec` and `files`, which may be closed afterwards.
  // It may use `cpu_seconds` of CPU time, 0: any. UNAVAILABLE SANDBOX_FAILED.
  static absl::StatusOr<std::unique_ptr<SandboxedJob>> Start(const std::string& program,
                                                             const ChainSpec& spec,
                                                             const ChainFiles& files,
                                                             int64_t cpu_seconds);

  // Runs the job to its end: hands progress to `sink`, returns the chain's result or error. Besides
  // the errors of RunChain(): TIMEOUT after `timeout`; CANCELLED after Kill(); OUT_OF_MEMORY,
  // CPU_LIMIT or CRASHED (with the last words on stderr) when the process died. To be called once,
  // by the thread that called Start().
  absl::StatusOr<ChainResult> Run(absl::Duration timeout, ProgressSink& sink);

  // Kills the process, from any thread, at any time.
  void Kill() { child_->Kill(); }

 private:
  explicit SandboxedJob(std::unique_ptr<ChildProcess> child) : child_(std::move(child)) {}

  const std::unique_ptr<ChildProcess> child_;
};

}  // namespace dq
