#include "scheduler/dqctl/exit_code.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/dqctl/interrupt.h"

namespace dq::dqctl {
namespace {

dq::v1::Job JobIn(dq::v1::JobState state, dq::v1::Verdict verdict) {
  dq::v1::Job job;
  job.set_state(state);
  job.set_verdict(verdict);
  return job;
}

int CodeOf(absl::StatusCode code, const char* reason, const ErrorMetadata& metadata = {}) {
  return static_cast<int>(ExitCodeOf(MakeError(code, reason, "", metadata)));
}

TEST(ExitCode, OfAJobSaysHowItEndedAndWhetherTheDataPassed) {
  using namespace dq::v1;
  EXPECT_EQ(ExitCodeOf(JobIn(JOB_STATE_COMPLETED, VERDICT_NOT_EVALUATED)), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(JobIn(JOB_STATE_COMPLETED, VERDICT_PASSED)), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(JobIn(JOB_STATE_COMPLETED, VERDICT_FAILED)), ExitCode::kGateFailed);
  EXPECT_EQ(ExitCodeOf(JobIn(JOB_STATE_FAILED, VERDICT_UNSPECIFIED)), ExitCode::kJobFailed);
  EXPECT_EQ(ExitCodeOf(JobIn(JOB_STATE_CANCELLED, VERDICT_UNSPECIFIED)), ExitCode::kJobCancelled);
  EXPECT_EQ(ExitCodeOf(JobIn(JOB_STATE_SKIPPED, VERDICT_UNSPECIFIED)), ExitCode::kJobCancelled);
}

TEST(ExitCode, OfAnErrorIsTheContractWithScripts) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(CodeOf(absl::StatusCode::kNotFound, "JOB_NOT_FOUND"), 1);
  EXPECT_EQ(CodeOf(absl::StatusCode::kInvalidArgument, "BAD_FIELD"), 2);
  EXPECT_EQ(CodeOf(absl::StatusCode::kInvalidArgument, "USAGE"), 2);
  EXPECT_EQ(CodeOf(absl::StatusCode::kInvalidArgument, "FILE_UNREADABLE"), 1);
  EXPECT_EQ(CodeOf(absl::StatusCode::kUnauthenticated, "TOKEN_MISSING"), 4);
  EXPECT_EQ(CodeOf(absl::StatusCode::kPermissionDenied, "ROLE_MISSING"), 4);
  EXPECT_EQ(CodeOf(absl::StatusCode::kNotFound, "JOB_DELETED"), 6);
  EXPECT_EQ(CodeOf(absl::StatusCode::kDeadlineExceeded, "WAIT_TIMED_OUT"), 7);
  EXPECT_EQ(CodeOf(absl::StatusCode::kUnavailable, "SCHEDULER_UNREACHABLE"), 8);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(InterruptedError())), 130);
}

TEST(ExitCode, ALocalFileWithoutPermissionIsNoQuestionOfRoles) {
  EXPECT_EQ(CodeOf(absl::StatusCode::kPermissionDenied, "FILE_UNREADABLE", {{"errno", "13"}}), 1);
}

}  // namespace
}  // namespace dq::dqctl
