#include "scheduler/core/lease_table.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

constexpr absl::Duration kTtl = absl::Seconds(15);
constexpr absl::Duration kBrokenTtl = absl::Seconds(5);
const AttemptLimits kUnlimitedAttempt;

class LeaseTableTest : public ::testing::Test {
 protected:
  static absl::Time At(int seconds) { return absl::FromUnixSeconds(seconds); }
  // Returns the jobs whose leases end by then.
  std::vector<JobKey> EndedBy(absl::Time now) {
    std::vector<JobKey> jobs;
    while (const auto ended = leases_.PopEnded(now)) jobs.push_back(ended->job);
    return jobs;
  }
  LeaseTable leases_{kTtl, kBrokenTtl};
};

TEST_F(LeaseTableTest, ALeaseEndsATtlAfterItsGrantAndNotBefore) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  EXPECT_TRUE(EndedBy(At(15) - absl::Nanoseconds(1)).empty());
  const auto ended = leases_.PopEnded(At(15));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->job, 1);
  EXPECT_EQ(ended->worker, 7);
  EXPECT_EQ(ended->end, LeaseEnd::kExpired);
  EXPECT_EQ(leases_.Find(1), nullptr);
}

TEST_F(LeaseTableTest, EveryRenewalGivesAFullLife) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  for (int now = 3; now <= 60; now += 3) {
    EXPECT_TRUE(EndedBy(At(now)).empty());
    leases_.Renew(1, At(now));
  }
  EXPECT_TRUE(EndedBy(At(74)).empty());
  EXPECT_EQ(EndedBy(At(75)), std::vector<JobKey>{1});
}

TEST_F(LeaseTableTest, ABrokenStreamShortensTheLeasesOfItsWorkerOnly) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  leases_.Grant(2, 8, At(0), kUnlimitedAttempt);
  leases_.Shorten(7, At(1));
  EXPECT_EQ(leases_.NextDue(), At(6));
  EXPECT_EQ(EndedBy(At(6)), std::vector<JobKey>{1});
  EXPECT_EQ(EndedBy(At(15)), std::vector<JobKey>{2});
}

TEST_F(LeaseTableTest, ABrokenStreamNeverLengthensALease) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  leases_.Shorten(7, At(14));
  EXPECT_EQ(EndedBy(At(15)), std::vector<JobKey>{1});
}

TEST_F(LeaseTableTest, AWorkerThatComesBackKeepsItsLeases) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  leases_.Shorten(7, At(0));
  leases_.Attach(1, 7, At(4));
  EXPECT_TRUE(EndedBy(At(18)).empty());
  EXPECT_EQ(leases_.JobsOf(7), std::vector<JobKey>{1});
}

TEST_F(LeaseTableTest, AnExecutionDeadlineHoldsHoweverOftenALeaseIsRenewed) {
  leases_.Grant(1, 7, At(0), {.execution_deadline = At(20)});
  leases_.Renew(1, At(10));
  leases_.Attach(1, 7, At(18));
  const auto ended = leases_.PopEnded(At(20));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->end, LeaseEnd::kTimedOut);
}

TEST_F(LeaseTableTest, ALeaseWithoutProgressEndsHoweverOftenItIsRenewed) {
  leases_.Grant(1, 7, At(0), {.no_progress_timeout = absl::Seconds(12)});
  leases_.Renew(1, At(8));
  leases_.Progressed(1, At(8));
  leases_.Renew(1, At(16));
  leases_.Attach(1, 7, At(18));
  EXPECT_FALSE(leases_.PopEnded(At(19)));
  const auto ended = leases_.PopEnded(At(20));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->end, LeaseEnd::kStalled);
}

TEST_F(LeaseTableTest, ALeaseNobodyHearsOfIsLostAndNotWithoutProgress) {
  leases_.Grant(1, 7, At(0), {.no_progress_timeout = absl::Seconds(15)});
  const auto ended = leases_.PopEnded(At(15));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->end, LeaseEnd::kExpired);
}

TEST_F(LeaseTableTest, AStandstillOfTheSchedulerIsNoLackOfProgress) {
  leases_.Grant(1, 7, At(0), {.no_progress_timeout = absl::Seconds(12)});
  leases_.RenewAll(At(30));
  EXPECT_FALSE(leases_.PopEnded(At(41)));
  EXPECT_TRUE(leases_.PopEnded(At(42)));
}

TEST_F(LeaseTableTest, ARemovedLeaseLeavesNothingBehind) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  leases_.Remove(1);
  leases_.Remove(1);
  EXPECT_EQ(leases_.NextDue(), absl::InfiniteFuture());
  EXPECT_EQ(leases_.CountOf(7), 0);
  EXPECT_EQ(leases_.size(), 0);
  leases_.Renew(1, At(1));
  EXPECT_EQ(leases_.Find(1), nullptr);
}

TEST_F(LeaseTableTest, ATakeOverGivesEveryLeaseOneFreshLife) {
  leases_.Grant(1, 7, At(0), kUnlimitedAttempt);
  leases_.Grant(2, 8, At(0), kUnlimitedAttempt);
  leases_.RenewAll(At(14));
  EXPECT_TRUE(EndedBy(At(28)).empty());
  EXPECT_EQ(EndedBy(At(29)).size(), 2u);
}

}  // namespace
}  // namespace dq
