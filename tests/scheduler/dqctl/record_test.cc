#include "scheduler/dqctl/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace dq::dqctl {
namespace {

std::string Details(const dq::v1::Job& job) {
  std::ostringstream out;
  JobDetails(job, absl::FromUnixSeconds(1'000'000)).Print(out);
  return out.str();
}

TEST(JobDetails, TellWhereTheNextAttemptGoesOn) {
  dq::v1::Job job;
  job.set_state(dq::v1::JOB_STATE_FAILED);
  EXPECT_THAT(Details(job), ::testing::Not(::testing::HasSubstr("checkpoint")));
  job.mutable_checkpoint()->set_attempt(2);
  job.mutable_checkpoint()->set_percent(45);
  job.mutable_checkpoint()->set_stage("dedupe");
  EXPECT_THAT(Details(job), ::testing::ContainsRegex("checkpoint +45.0 %, in dedupe, attempt 2\n"));
}

}  // namespace
}  // namespace dq::dqctl
