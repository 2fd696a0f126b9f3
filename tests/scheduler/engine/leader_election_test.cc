// When a standby asks again.
#include "scheduler/engine/leader_election.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/error.h"

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
  EXPECT_EQ(WaitWhenItLives(absl::Seconds(5)), absl::Seconds(3));
}

TEST(StandbyWait, IsNeverNothing) {
  EXPECT_EQ(WaitWhenItLives(-absl::Seconds(1)), absl::Milliseconds(1));
}

TEST(StandbyWait, IsARenewalWhenTheDatabaseDoesNotAnswer) {
  const ElectionOptions options = {
      .instance = "", .address = "", .ttl = absl::Seconds(5), .renew_interval = absl::Seconds(2)};
  EXPECT_EQ(StandbyWait(options, absl::UnavailableError("away")), absl::Seconds(2));
}

}  // namespace
}  // namespace dq
