#include "scheduler/core/retry_policy.h"

#include <gtest/gtest.h>

#include "scheduler/core/state_table.h"

namespace dq {
namespace {

constexpr int kPoisonLossesMax = 3;
constexpr AttemptEnd kEnds[] = {
    AttemptEnd::kCompleted, AttemptEnd::kFailedRetryable, AttemptEnd::kFailedForGood,
    AttemptEnd::kStopped,   AttemptEnd::kReleased,        AttemptEnd::kLost,
    AttemptEnd::kTimedOut,  AttemptEnd::kStalled,
};

JobStatus StatusWith(JobState state, int charges, int losses) {
  JobStatus status;
  status.state = state;
  status.charges = charges;
  status.losses = losses;
  return status;
}

class RetryPolicyTest : public ::testing::Test {
 protected:
  AttemptDecision Decide(AttemptEnd end, int charges = 0, int losses = 0) const {
    return policy_.Decide(rules_, StatusWith(JobState::kProcessing, charges, losses), end);
  }
  JobRules rules_;
  RetryPolicy policy_{kPoisonLossesMax};
};

TEST_F(RetryPolicyTest, EveryDecisionIsLegalInItsState) {
  for (JobState state : {JobState::kProcessing, JobState::kPausing, JobState::kCancelling}) {
    for (AttemptEnd end : kEnds) {
      for (int charges = 0; charges < rules_.max_attempts; ++charges) {
        const AttemptDecision decision =
            policy_.Decide(rules_, StatusWith(state, charges, charges), end);
        EXPECT_TRUE(NextState(state, decision.event))
            << StateName(state) << " " << EventName(decision.event);
      }
    }
  }
}

TEST_F(RetryPolicyTest, AFailureIsRetriedUntilAttemptsRunOut) {
  EXPECT_EQ(Decide(AttemptEnd::kFailedRetryable, 0).event, JobEvent::kRetry);
  EXPECT_EQ(Decide(AttemptEnd::kFailedRetryable, 1).event, JobEvent::kRetry);
  EXPECT_EQ(Decide(AttemptEnd::kFailedRetryable, 2).event, JobEvent::kGiveUp);
}

TEST_F(RetryPolicyTest, BadInputIsNeverRetriedAndIsCharged) {
  const AttemptDecision decision = Decide(AttemptEnd::kFailedForGood);
  EXPECT_EQ(decision.event, JobEvent::kGiveUp);
  EXPECT_EQ(decision.charges, 1);
}

TEST_F(RetryPolicyTest, AReleaseIsNeverCharged) {
  const AttemptDecision decision = Decide(AttemptEnd::kReleased, 2);
  EXPECT_EQ(decision.event, JobEvent::kRelease);
  EXPECT_EQ(decision.charges, 0);
}

TEST_F(RetryPolicyTest, TheThirdLostWorkerMakesAJobPoisonWhateverItsBudget) {
  rules_.max_attempts = 100;
  EXPECT_EQ(Decide(AttemptEnd::kLost, 1, 1).event, JobEvent::kRetry);
  const AttemptDecision decision = Decide(AttemptEnd::kLost, 2, 2);
  EXPECT_EQ(decision.event, JobEvent::kGiveUp);
  EXPECT_TRUE(decision.poison);
}

TEST_F(RetryPolicyTest, ALossThatUsesUpTheBudgetIsNotPoison) {
  const AttemptDecision decision = Decide(AttemptEnd::kLost, 2, 0);
  EXPECT_EQ(decision.event, JobEvent::kGiveUp);
  EXPECT_FALSE(decision.poison);
}

TEST_F(RetryPolicyTest, NothingSurvivesAnAcknowledgedCancel) {
  for (AttemptEnd end : kEnds) {
    const AttemptDecision decision =
        policy_.Decide(rules_, StatusWith(JobState::kCancelling, 0, 0), end);
    EXPECT_EQ(NextState(JobState::kCancelling, decision.event), JobState::kCancelled);
  }
}

TEST_F(RetryPolicyTest, BackoffGrowsByTheMultiplierUpToTheCap) {
  rules_.backoff = absl::Seconds(1);
  rules_.backoff_multiplier = 3;
  rules_.backoff_cap = absl::Seconds(10);
  EXPECT_EQ(BackoffAfter(rules_, 1), absl::Seconds(1));
  EXPECT_EQ(BackoffAfter(rules_, 2), absl::Seconds(3));
  EXPECT_EQ(BackoffAfter(rules_, 3), absl::Seconds(9));
  EXPECT_EQ(BackoffAfter(rules_, 4), absl::Seconds(10));
  EXPECT_EQ(BackoffAfter(rules_, 100), absl::Seconds(10));
}

}  // namespace
}  // namespace dq
