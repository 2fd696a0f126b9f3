// The exit codes of dqctl, a contract with scripts, and the one place that chooses among them.
// Stateless and thread-safe.
#pragma once

#include "absl/status/status.h"
#include "dq/v1/batch.pb.h"
#include "dq/v1/job.pb.h"

namespace dq::dqctl {

enum class ExitCode {
  kOk = 0,             // Done; for a job: COMPLETED and its gate passed or there is none.
  kError = 1,          // Anything that has no code of its own.
  kUsage = 2,          // The command line is wrong, or a value in it that the scheduler refuses.
  kJobFailed = 3,      // The job is FAILED.
  kNotAllowed = 4,     // Not authenticated, or authenticated and not allowed.
  kGateFailed = 5,     // The job is COMPLETED and its data did not pass the gate.
  kJobCancelled = 6,   // The job is CANCELLED or SKIPPED, or it was deleted.
  kTimedOut = 7,       // --timeout passed before the job ended.
  kUnreachable = 8,    // No scheduler answers at the address.
  kInterrupted = 130,  // Ctrl-C.
};

// Returns the code of a command that ended with `status`. Its reason (USAGE, BAD_FIELD,
// SCHEDULER_UNREACHABLE, WAIT_TIMED_OUT and others) decides before its code does.
ExitCode ExitCodeOf(const absl::Status& status);

// Returns the code that a terminal job stands for; kOk for a job that has not ended.
ExitCode ExitCodeOf(const dq::v1::Job& job);

// The same for a batch: FAILED and PARTIAL_SUCCESS are a failed job's, CANCELLED a cancelled one's.
ExitCode ExitCodeOf(const dq::v1::Batch& batch);

// Whether the batch has ended.
bool IsTerminal(dq::v1::BatchState state);

// Whether the job has ended for good.
bool IsTerminal(dq::v1::JobState state);

}  // namespace dq::dqctl
