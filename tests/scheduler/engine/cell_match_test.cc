// Jobs that find a free worker as they come: recorded with their lease by one commit.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

class CellMatch : public ::testing::Test {
 protected:
  // Decides and tries one commit.
  void CommitOnce() {
    cell_.Decide();
    ASSERT_TRUE(cell_.TryCommit());
  }
  CellHarness cell_;
};

TEST_F(CellMatch, OneCommitRecordsTheJobAndItsLease) {
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  const auto answer = cell_.Submit(CellHarness::NewJob("a"));
  EXPECT_TRUE(worker.sink->grants().empty());
  CommitOnce();
  ASSERT_EQ(worker.sink->grants().size(), 1u);
  EXPECT_EQ(worker.sink->grants()[0].grant_payload, "grant of a");
  EXPECT_FALSE(cell_.cell.HasPendingWrites());
  const JobRecord stored = cell_.Stored("a");
  EXPECT_EQ(stored.status.state, JobState::kProcessing);
  EXPECT_EQ(stored.status.lease_token, worker.sink->grants()[0].lease.token);
  EXPECT_EQ(stored.status.attempt, 1);
  EXPECT_EQ(answer->value()->job.record.status.state, JobState::kProcessing);
  const auto events = cell_.store.ListJobEvents({"default", "a"}, 0, 10).value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].event, JobEvent::kCreate);
  EXPECT_EQ(events[1].event, JobEvent::kClaim);
  EXPECT_EQ(events[1].worker, "w1");
}

TEST_F(CellMatch, WhatIsNotInsertedGivesTheSlotBack) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 2);
  cell_.Settle();
  ASSERT_EQ(worker.sink->grants().size(), 1u);
  const auto again = cell_.Submit(CellHarness::NewJob("a"));
  CommitOnce();
  EXPECT_TRUE(again->value()->existed);
  EXPECT_EQ(worker.sink->grants().size(), 1u);
  cell_.Submit(CellHarness::NewJob("b"));
  CommitOnce();
  EXPECT_EQ(worker.sink->grants().size(), 2u);
  EXPECT_EQ(cell_.cell.GetStats(cell_.Now())->slots_busy, 2);
}

TEST_F(CellMatch, AWorkerThatLeftMeanwhileLeavesTheJobToOthers) {
  const TestWorker gone = cell_.Connect("w1", 1);
  cell_.Settle();
  cell_.Submit(CellHarness::NewJob("a"));
  cell_.Decide();
  cell_.cell.CloseSession(cell_.Now(), gone.session);
  cell_.Settle();
  EXPECT_TRUE(gone.sink->grants().empty());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
  EXPECT_EQ(cell_.Stored("a").status.charges, 0);
  const TestWorker next = cell_.Connect("w2", 1);
  cell_.Settle();
  EXPECT_EQ(next.sink->grants().size(), 1u);
}

TEST_F(CellMatch, AnOutageThatTookMostOfTheLeaseLeavesTheSlotFree) {
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  cell_.store.SetAvailable(false);
  cell_.Submit(CellHarness::NewJob("a"));
  cell_.Decide();
  EXPECT_FALSE(cell_.TryCommit());
  for (int i = 0; i < 4; ++i) {
    cell_.clock.Advance(absl::Seconds(2));
    cell_.Report(worker, {}, 1);
  }
  cell_.store.SetAvailable(true);
  cell_.Settle();
  cell_.Settle();
  ASSERT_EQ(worker.sink->grants().size(), 1u);
  EXPECT_EQ(cell_.Stored("a").status.attempt, 2);
  EXPECT_EQ(cell_.Stored("a").status.charges, 0);
}

TEST_F(CellMatch, AJobWhoseStartDeadlineHasPassedFindsNoWorker) {
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  JobRecord job = CellHarness::NewJob("a");
  job.rules.start_deadline = cell_.Now().wall - absl::Seconds(1);
  cell_.Create(std::move(job));
  cell_.Settle();
  EXPECT_EQ(cell_.StateOf("a"), JobState::kFailed);
  EXPECT_TRUE(worker.sink->grants().empty());
}

TEST_F(CellMatch, AJobDoesNotOvertakeOneThatIsBeingRecorded) {
  cell_.Submit(CellHarness::NewJob("first"));
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.Submit(CellHarness::NewJob("second"));
  cell_.Settle();
  cell_.Settle();  // Now both are recorded.
  EXPECT_EQ(cell_.StateOf("first"), JobState::kProcessing);
  EXPECT_EQ(cell_.StateOf("second"), JobState::kQueued);
}

TEST_F(CellMatch, LimitsCountJobsWhoseLeaseIsBeingRecorded) {
  const TestWorker worker = cell_.Connect("w1", 9);
  cell_.Settle();
  for (const char* id : {"a", "b"}) {
    JobRecord job = CellHarness::NewJob(id);
    job.rules.concurrency_key = "key";
    job.rules.concurrency_max = 1;
    cell_.Submit(std::move(job));
  }
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 1u);
  EXPECT_EQ(cell_.StateOf("b"), JobState::kQueued);
}

}  // namespace
}  // namespace dq
