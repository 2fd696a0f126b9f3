// `dq-worker run`: the chain over local files, without a scheduler.
#pragma once

#include "worker/chain/progress.h"
#include "worker/run_options.h"

namespace dq {

// Exit codes, the same as dqctl's.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitFailed = 3;
inline constexpr int kExitGateFailed = 5;
inline constexpr int kExitCancelled = 6;
inline constexpr int kExitCheckpointed = 75;  // The same command with --resume goes on.
inline constexpr int kExitInterrupted = 130;

// Runs the chain and publishes its outputs. Prints a summary to standard output, and one line
// "dq-worker: REASON: message" to standard error when it fails. Returns the exit code; setting
// `cancel` ends the run with kExitCancelled. kExitUsage when an output would replace the input, the
// reference or another output. `stop` ends a run that takes checkpoints with one and with
// kExitCheckpointed (kExitCancelled when there is none); its unfinished outputs stay beside the
// outputs. So they do when it fails before it has begun, or when outputs cannot be published.
// Without rejects the default rejects file does not exist afterwards: not even one of an earlier
// run. A failed gate still publishes: the data was processed.
int RunLocally(const RunOptions& options, const CancelToken& cancel, const CancelToken& stop);

}  // namespace dq
