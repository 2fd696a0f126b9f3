// The conformance suite: leadership.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

class LeadershipTest : public StoreTest {};
DQ_RUN_ON_EVERY_STORE(LeadershipTest);

TEST_P(LeadershipTest, AnotherInstanceIsToldWhoLeads) {
  const auto second = jobs().AcquireLeadership("second", "address-2", absl::Hours(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_EQ(ReasonOf(second.status()), "NOT_LEADER");
  EXPECT_EQ(MetadataOf(second.status())["leader"], "first");
  EXPECT_EQ(MetadataOf(second.status())["address"], "address-1");
  const int64_t lives_us = std::stoll(MetadataOf(second.status())["lives_us"]);
  EXPECT_GT(lives_us, absl::ToInt64Microseconds(absl::Minutes(59)));
  EXPECT_LE(lives_us, absl::ToInt64Microseconds(absl::Hours(1)));
}

TEST_P(LeadershipTest, TheSameInstanceGetsANewEpochAndTheOldOneIsOver) {
  const auto again = jobs().AcquireLeadership("first", "address-1", absl::Hours(1));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->epoch, epoch() + 1);
  EXPECT_TRUE(absl::IsAborted(jobs().RenewLeadership(epoch(), absl::Hours(1))));
  EXPECT_TRUE(jobs().RenewLeadership(again->epoch, absl::Hours(1)).ok());
}

TEST_P(LeadershipTest, AnExpiredLeadershipIsTakenAndTheOldLeaderIsFenced) {
  ASSERT_TRUE(jobs().RenewLeadership(epoch(), absl::Milliseconds(20)).ok());
  absl::StatusOr<Leadership> second;
  ASSERT_TRUE(WaitUntil([&] {
    second = jobs().AcquireLeadership("second", "address-2", absl::Hours(1));
    return second.ok();
  }));
  EXPECT_EQ(second->epoch, epoch() + 1);
  EXPECT_EQ(ReasonOf(jobs().RenewLeadership(epoch(), absl::Hours(1))), "NOT_LEADER");
  JobScript job(1, "late");
  const auto late = Commit({job.Create()});
  EXPECT_TRUE(absl::IsAborted(late.status()));
  EXPECT_EQ(ReasonOf(late.status()), "NOT_LEADER");
  EXPECT_TRUE(absl::IsNotFound(reader().GetJob(job.record.name).status()));
}

TEST_P(LeadershipTest, AnExpiredLeadershipThatNobodyTookMayStillCommit) {
  ASSERT_TRUE(jobs().RenewLeadership(epoch(), absl::ZeroDuration()).ok());
  JobScript job(1, "a");
  EXPECT_TRUE(Commit({job.Create()}).ok());
}

TEST_P(LeadershipTest, AReleasedLeadershipIsFreeAtOnceAndCommitsNoMore) {
  ASSERT_TRUE(jobs().ReleaseLeadership(epoch()).ok());
  JobScript job(1, "a");
  EXPECT_EQ(ReasonOf(Commit({job.Create()}).status()), "NOT_LEADER");
  EXPECT_EQ(ReasonOf(jobs().RenewLeadership(epoch(), absl::Hours(1))), "NOT_LEADER");
  const auto second = jobs().AcquireLeadership("second", "address-2", absl::Hours(1));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->epoch, epoch() + 1);
}

TEST_P(LeadershipTest, WhoWatchesHearsOfARelease) {
  const std::unique_ptr<ReleaseWatch> watch = jobs().WatchReleases();
  watch->Await(absl::ZeroDuration());
  ASSERT_TRUE(jobs().ReleaseLeadership(epoch()).ok());
  watch->Await(absl::Hours(1));  // Else this does not end.
}

TEST_P(LeadershipTest, AWatchThatIsStoppedWaitsNoMore) {
  const std::unique_ptr<ReleaseWatch> watch = jobs().WatchReleases();
  watch->Stop();
  watch->Await(absl::Hours(1));  // Else this does not end.
  watch->Await(absl::Hours(1));
}

TEST_P(LeadershipTest, ReleasingALostLeadershipChangesNothing) {
  ASSERT_TRUE(jobs().ReleaseLeadership(epoch()).ok());
  const auto second = jobs().AcquireLeadership("second", "address-2", absl::Hours(1));
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(jobs().ReleaseLeadership(epoch()).ok());
  EXPECT_TRUE(jobs().RenewLeadership(second->epoch, absl::Hours(1)).ok());
}

}  // namespace
}  // namespace dq
