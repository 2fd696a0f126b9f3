// When a standby asks again, and what becomes of a leadership that is given up.
#include "scheduler/engine/leader_election.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

absl::Duration WaitWhenItLives(absl::Duration lives) {
  const std::string lives_us = std::to_string(absl::ToInt64Microseconds(lives));
  return StandbyWait(
      {.instance = "", .address = "", .ttl = absl::Seconds(5), .renew_interval = absl::Seconds(2)},
      MakeError(absl::StatusCode::kFailedPrecondition, "NOT_LEADER", "", {{"lives_us", lives_us}}));
}

TEST(StandbyWait, EndsWithALeadershipThatNobodyExtends) {
  EXPECT_EQ(WaitWhenItLives(absl::Milliseconds(700)), absl::Milliseconds(700));
}

TEST(StandbyWait, IsNeverSoLongThatAHandOverWaitsForTheEndOfALongOne) {
  EXPECT_EQ(WaitWhenItLives(absl::Seconds(5)), absl::Seconds(4));
}

TEST(StandbyWait, IsNeverNothing) {
  EXPECT_EQ(WaitWhenItLives(-absl::Seconds(1)), absl::Milliseconds(1));
}

TEST(StandbyWait, IsARenewalWhenTheDatabaseDoesNotAnswer) {
  const ElectionOptions options = {
      .instance = "", .address = "", .ttl = absl::Seconds(5), .renew_interval = absl::Seconds(2)};
  EXPECT_EQ(StandbyWait(options, absl::UnavailableError("away")), absl::Seconds(2));
}

// Has the live jobs unread as often as asked.
class UnreadableStore final : public FakeStore {
 public:
  using FakeStore::FakeStore;
  absl::StatusOr<LiveJobs> LoadLiveJobs(JobKey, int, LoadShare) override {
    return absl::InternalError("a row that this release cannot read");
  }
};

// A replica beside which another one stands by.
template <typename Store>
class Candidate {
 public:
  Candidate()
      : election_(store_,
                  {.instance = "first",
                   .address = "",
                   .ttl = absl::Seconds(5),
                   .renew_interval = absl::Minutes(10)},
                  {.elected = [this](TakenOver taken) { epoch_ = taken.epoch; },
                   .lost = [](int64_t, const absl::Status&) {},
                   .waiting = [this](const absl::Status&) { ++waited_; },
                   .renewed = [](int64_t, const absl::Status&) {}}) {
    election_.Start();
  }

  bool WaitUntilLeading() {
    return WaitUntil([this] { return epoch_ > 0; });
  }
  bool WaitUntilItCannot() {
    return WaitUntil([this] { return waited_ > 0; });
  }
  void Resign() { election_.Resign(epoch_); }
  bool StandbyLeads() { return store_.AcquireLeadership("second", "", absl::Seconds(5)).ok(); }

 private:
  ManualClock clock_;  // Stands still: nothing expires.
  Store store_{clock_};
  std::atomic<int64_t> epoch_ = 0;
  std::atomic<int> waited_ = 0;
  LeaderElection election_;
};

TEST(LeaderElection, WhoResignsMakesRoomForAStandbyAtOnce) {
  Candidate<FakeStore> first;
  ASSERT_TRUE(first.WaitUntilLeading());
  EXPECT_FALSE(first.StandbyLeads());
  first.Resign();
  EXPECT_TRUE(WaitUntil([&] { return first.StandbyLeads(); }));
}

TEST(LeaderElection, WhoCannotReadTheJobsMakesRoomForAStandbyAtOnce) {
  Candidate<UnreadableStore> first;
  ASSERT_TRUE(first.WaitUntilItCannot());
  EXPECT_TRUE(WaitUntil([&] { return first.StandbyLeads(); }));
}

}  // namespace
}  // namespace dq
