#include "scheduler/dqctl/exit_code.h"

#include <string>

#include "common/base/error.h"

namespace dq::dqctl {

namespace {

// What the caller wrote is wrong, be it found here or by the scheduler.
bool IsWrongRequest(const std::string& reason) {
  return reason == "USAGE" || reason == "BAD_FIELD" || reason == "FILTER_SYNTAX" ||
         reason == "PAGE_TOKEN_MISMATCH" || reason == "UNKNOWN_STAGE";
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const std::string reason = ReasonOf(status);
  if (IsWrongRequest(reason)) return ExitCode::kUsage;
  if (reason == "SCHEDULER_UNREACHABLE") return ExitCode::kUnreachable;
  if (reason == "JOB_DELETED") return ExitCode::kJobCancelled;
  if (reason == "WAIT_TIMED_OUT") return ExitCode::kTimedOut;
  if (reason == "INTERRUPTED") return ExitCode::kInterrupted;
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kNotAllowed;
    case absl::StatusCode::kPermissionDenied:
      // A local file without permission is an error of the machine, not of the caller's role.
      return MetadataOf(status).contains("errno") ? ExitCode::kError : ExitCode::kNotAllowed;
    default:
      return ExitCode::kError;
  }
}

ExitCode ExitCodeOf(const dq::v1::Job& job) {
  switch (job.state()) {
    case dq::v1::JOB_STATE_FAILED:
      return ExitCode::kJobFailed;
    case dq::v1::JOB_STATE_CANCELLED:
    case dq::v1::JOB_STATE_SKIPPED:
      return ExitCode::kJobCancelled;
    case dq::v1::JOB_STATE_COMPLETED:
      return job.verdict() == dq::v1::VERDICT_FAILED ? ExitCode::kGateFailed : ExitCode::kOk;
    default:
      return ExitCode::kOk;
  }
}

ExitCode ExitCodeOf(const dq::v1::Batch& batch) {
  switch (batch.state()) {
    case dq::v1::BATCH_STATE_FAILED:
    case dq::v1::BATCH_STATE_PARTIAL_SUCCESS:
      return ExitCode::kJobFailed;
    case dq::v1::BATCH_STATE_CANCELLED:
      return ExitCode::kJobCancelled;
    default:
      return ExitCode::kOk;
  }
}

bool IsTerminal(dq::v1::BatchState state) {
  return state == dq::v1::BATCH_STATE_COMPLETED || state == dq::v1::BATCH_STATE_PARTIAL_SUCCESS ||
         state == dq::v1::BATCH_STATE_FAILED || state == dq::v1::BATCH_STATE_CANCELLED;
}

bool IsTerminal(dq::v1::JobState state) {
  return state == dq::v1::JOB_STATE_COMPLETED || state == dq::v1::JOB_STATE_FAILED ||
         state == dq::v1::JOB_STATE_CANCELLED || state == dq::v1::JOB_STATE_SKIPPED;
}

}  // namespace dq::dqctl
