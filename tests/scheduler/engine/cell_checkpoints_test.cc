// Checkpoints: recorded under the lease that reports them, handed to the next attempt.
#include <gtest/gtest.h>

#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

class CellCheckpoints : public ::testing::Test {
 protected:
  CellCheckpoints() {
    cell_.Create("a");
    worker_ = cell_.Connect("w1", 1);
    cell_.Settle();
    lease_ = worker_.sink->grants()[0].lease;
  }

  static std::shared_ptr<const JobCheckpoint> Checkpoint(int64_t sequence) {
    JobCheckpoint checkpoint;
    checkpoint.sequence = sequence;
    checkpoint.percent = static_cast<double>(sequence);
    checkpoint.stage = "noop";
    checkpoint.place = "place " + std::to_string(sequence);
    return std::make_shared<const JobCheckpoint>(checkpoint);
  }
  void Say(const LeaseId& lease, int64_t sequence) {
    LeaseReport report = Running(lease);
    report.checkpoint = Checkpoint(sequence);
    cell_.Report(worker_, {report});
  }
  void End(const LeaseId& lease, int64_t sequence, const Outcome& outcome, int free_slots = 0) {
    cell_.Report(worker_, {{lease, outcome, Checkpoint(sequence)}}, free_slots);
    cell_.Settle();
  }
  // Returns the sequence of the recorded one; 0: there is none.
  int64_t Recorded() {
    const JobRecord job = cell_.Stored("a");
    return job.checkpoint == nullptr ? 0 : job.checkpoint->sequence;
  }
  WorkerGrant NextGrant() {
    const WorkerGrant grant = worker_.sink->grants().back();
    EXPECT_NE(grant.lease, lease_);
    return grant;
  }

  CellHarness cell_;
  TestWorker worker_;
  LeaseId lease_;
};

TEST_F(CellCheckpoints, WhatIsReportedInATickIsRecordedWithOneCommit) {
  const int64_t commits = cell_.store.CommitCount();
  Say(lease_, 1);
  cell_.Settle();
  Say(lease_, 2);
  cell_.Settle();
  EXPECT_EQ(Recorded(), 0);
  cell_.Advance(absl::Seconds(1));
  EXPECT_EQ(Recorded(), 2);
  EXPECT_EQ(cell_.Stored("a").checkpoint->attempt, 1);
  EXPECT_EQ(cell_.store.CommitCount(), commits + 1);
  Say(lease_, 2);
  cell_.Advance(absl::Seconds(2));
  EXPECT_EQ(cell_.store.CommitCount(), commits + 1) << "it is known";
}

TEST_F(CellCheckpoints, AReportThatComesLateTakesNothingBack) {
  Say(lease_, 5);
  Say(lease_, 4);
  cell_.Advance(absl::Seconds(1));
  EXPECT_EQ(Recorded(), 5);
}

TEST_F(CellCheckpoints, TheEndOfAnAttemptRecordsItsNewestAndTheNextGrantCarriesIt) {
  Say(lease_, 1);
  End(lease_, 2, ReleasedOutcome{}, 1);
  EXPECT_EQ(Recorded(), 2);
  const WorkerGrant grant = NextGrant();
  ASSERT_NE(grant.checkpoint, nullptr);
  EXPECT_EQ(grant.checkpoint->place, "place 2");
  EXPECT_EQ(grant.checkpoint->attempt, 1);
  const auto events = *cell_.store.ListJobEvents({"default", "a"}, 0, 100);
  EXPECT_EQ(events.back().reason, "FROM_CHECKPOINT");
}

TEST_F(CellCheckpoints, ALostWorkersJobGoesOnFromWhatWasRecorded) {
  Say(lease_, 3);
  cell_.Advance(absl::Seconds(22));
  TestWorker other = cell_.Connect("w2", 1);
  cell_.Settle();
  const std::vector<WorkerGrant> grants = other.sink->grants();
  ASSERT_EQ(grants.size(), 1u);
  ASSERT_NE(grants[0].checkpoint, nullptr);
  EXPECT_EQ(grants[0].checkpoint->sequence, 3);
  Say(lease_, 9);  // The stale lease goes on.
  cell_.Advance(absl::Seconds(2));
  EXPECT_EQ(Recorded(), 3);
}

TEST_F(CellCheckpoints, AnAttemptsOwnTakesThePlaceOfTheOneItWentOnFrom) {
  End(lease_, 7, ReleasedOutcome{}, 1);
  const LeaseId second = NextGrant().lease;
  Say(second, 1);  // It began at the beginning.
  cell_.Advance(absl::Seconds(1));
  EXPECT_EQ(Recorded(), 1);
  EXPECT_EQ(cell_.Stored("a").checkpoint->attempt, 2);
}

TEST_F(CellCheckpoints, ANewLeaderGrantsItToo) {
  End(lease_, 7, ReleasedOutcome{});
  cell_.cell.StepDown(absl::UnavailableError("standby"));
  cell_.TakeOver();
  worker_ = cell_.Connect("w2", 1);
  cell_.Settle();
  EXPECT_EQ(NextGrant().checkpoint->sequence, 7);
}

TEST_F(CellCheckpoints, ACompletedJobHasNone) {
  Say(lease_, 1);
  cell_.Advance(absl::Seconds(1));
  End(lease_, 2, Completed());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCompleted);
  EXPECT_EQ(Recorded(), 0);
}

TEST_F(CellCheckpoints, ACompletionNeedNotRecordWhatNobodyWillUse) {
  Say(lease_, 1);
  const int64_t commits = cell_.store.CommitCount();
  End(lease_, 1, Completed());
  cell_.Advance(absl::Seconds(2));
  EXPECT_EQ(cell_.store.CommitCount(), commits + 1);
  EXPECT_EQ(Recorded(), 0);
}

TEST_F(CellCheckpoints, ACancelledJobHasNone) {
  End(lease_, 2, ReleasedOutcome{});
  cell_.Cancel("a");
  cell_.Settle();
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCancelled);
  EXPECT_EQ(Recorded(), 0);
}

TEST_F(CellCheckpoints, AFailedJobKeepsItForARetry) {
  End(lease_, 2, FailedForGood("BAD"));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ(Recorded(), 2);
}

TEST_F(CellCheckpoints, ARetryGoesOnFromItUnlessItIsToBeginAtTheStart) {
  for (const RetryFrom from : {RetryFrom::kCheckpoint, RetryFrom::kStart}) {
    const LeaseId lease = worker_.sink->grants().back().lease;
    End(lease, 2, FailedForGood("BAD"), 1);
    const JobName name = {"default", "a"};
    cell_.cell.ReserveReopen(cell_.Now(), name, [&](const absl::StatusOr<int64_t>& place) {
      cell_.cell.Reopen(cell_.Now(), *place, name, cell_.store.GetJob(name), from, "", "tester",
                        [](const absl::StatusOr<JobView>&) {});
    });
    cell_.Settle();
    EXPECT_EQ(NextGrant().checkpoint != nullptr, from == RetryFrom::kCheckpoint);
    EXPECT_EQ(Recorded() != 0, from == RetryFrom::kCheckpoint);
  }
}

TEST_F(CellCheckpoints, WhileTheDatabaseIsAwayOnlyTheNewestIsKept) {
  cell_.store.SetAvailable(false);
  cell_.Submit(CellHarness::NewJob("b"));
  for (int64_t sequence = 1; sequence <= 5; ++sequence) {
    Say(lease_, sequence);
    cell_.clock.Advance(absl::Seconds(2));
    cell_.Decide();
    (void)cell_.TryCommit();
  }
  cell_.store.SetAvailable(true);
  (void)cell_.TryCommit();
  cell_.Advance(absl::Seconds(2));
  EXPECT_EQ(Recorded(), 5);
}

}  // namespace
}  // namespace dq
