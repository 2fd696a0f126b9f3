// What workers are told: credits, leases kept and lost, stale messages, outages, take-over, views.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

class CellWorkers : public ::testing::Test {
 protected:
  void CreateMany(int count) {
    for (int i = 0; i < count; ++i) cell_.Create("j" + std::to_string(i));
  }
  CellHarness cell_;
};

TEST_F(CellWorkers, AGrantIsToldOnlyWhenItsLeaseIsDurable) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Decide();
  EXPECT_TRUE(worker.sink->grants().empty());
  EXPECT_TRUE(cell_.TryCommit());
  EXPECT_EQ(worker.sink->grants().size(), 1u);
  EXPECT_EQ(cell_.Stored("a").status.lease_token, worker.sink->grants()[0].lease.token);
}

TEST_F(CellWorkers, TheGaugesFollowAFleetThatHasNothingToDo) {
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.Connect("w2", 1);
  EXPECT_EQ(cell_.metrics.Workers(), 2);
  cell_.cell.CloseSession(cell_.Now(), worker.session);
  EXPECT_EQ(cell_.metrics.Workers(), 1);
}

TEST_F(CellWorkers, WhoLeadsNoMoreShowsNoJobsAndNoWorkers) {
  cell_.Create("a");
  cell_.Connect("w1", 0);
  cell_.Settle();
  EXPECT_EQ(cell_.metrics.InState(JobState::kQueued), 1);
  cell_.cell.StepDown(absl::UnavailableError("gone"));
  EXPECT_EQ(cell_.metrics.InState(JobState::kQueued), 0);
  EXPECT_EQ(cell_.metrics.Workers(), 0);
}

TEST_F(CellWorkers, GrantsNeverExceedTheSlotsAWorkerOffers) {
  CreateMany(5);
  TestWorker worker = cell_.Connect("w1", 2);
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 2u);
  // Sent before the grants arrived: its free slots are spoken for.
  cell_.Report(worker, {}, 2);
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 2u);
  const LeaseId first = worker.sink->grants()[0].lease;
  const LeaseId second = worker.sink->grants()[1].lease;
  cell_.Report(worker, {{first, Completed()}, Running(second)}, 1);
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 3u);
}

TEST_F(CellWorkers, CompletingAJobAndGrantingTheNextIsOneCommitAndOneTurn) {
  CreateMany(2);
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = worker.sink->grants()[0].lease;
  worker.sink->Take();
  const int64_t commits = cell_.store.CommitCount();
  cell_.ReportAndSettle(worker, lease, Completed(), 1);
  EXPECT_EQ(cell_.store.CommitCount(), commits + 1);
  const std::vector<WorkerTurn> turns = worker.sink->turns();
  ASSERT_EQ(turns.size(), 1u);
  EXPECT_EQ(turns[0].answers, 1);
  EXPECT_EQ(turns[0].closed.size(), 1u);
  EXPECT_EQ(turns[0].grants.size(), 1u);
}

TEST_F(CellWorkers, EveryReportIsAnsweredAndADrainingWorkerGetsNothingNew) {
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.cell.HandleReport(cell_.Now(), worker.session, {1, {}, 1, true});
  ASSERT_EQ(worker.sink->turns().size(), 1u);
  EXPECT_EQ(worker.sink->turns()[0].answers, 1);
  cell_.Create("a");
  EXPECT_TRUE(worker.sink->grants().empty());
}

TEST_F(CellWorkers, JobsAreSpreadOverWorkersByTurns) {
  CreateMany(4);
  TestWorker first = cell_.Connect("w1", 4);
  TestWorker second = cell_.Connect("w2", 4);
  cell_.Settle();
  EXPECT_EQ(first.sink->grants().size(), 2u);
  EXPECT_EQ(second.sink->grants().size(), 2u);
}

TEST_F(CellWorkers, AStaleOutcomeIsClosedCountedAndChangesNothing) {
  cell_.Create("a");
  TestWorker lost = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId stale = lost.sink->grants()[0].lease;
  cell_.Advance(absl::Seconds(15));
  TestWorker rightful = cell_.Connect("w2", 1);
  cell_.Advance(absl::Seconds(2));
  ASSERT_EQ(rightful.sink->grants().size(), 1u);
  lost = cell_.Connect("w1", 1, {stale});
  cell_.ReportAndSettle(lost, stale, Completed());
  EXPECT_EQ(lost.sink->closings(), std::vector<LeaseId>{stale});
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  EXPECT_EQ(cell_.metrics.stale(), 1);
  LeaseId forged = rightful.sink->grants()[0].lease;
  forged.token = "another";
  cell_.ReportAndSettle(lost, forged, Completed());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  cell_.ReportAndSettle(rightful, rightful.sink->grants()[0].lease, Completed());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellWorkers, AnOutcomeIsClosedOnlyWhenDurableAndAgainWhenRepeated) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = worker.sink->grants()[0].lease;
  cell_.Report(worker, {{lease, Completed()}});
  cell_.Decide();
  cell_.Report(worker, {{lease, Completed()}});
  EXPECT_TRUE(worker.sink->closings().empty());
  EXPECT_TRUE(cell_.TryCommit());
  EXPECT_EQ(worker.sink->closings().size(), 1u);
  EXPECT_EQ(worker.sink->turns().back().answers, 2);
  cell_.ReportAndSettle(worker, lease, Completed());
  EXPECT_EQ(worker.sink->closings().size(), 2u);
  EXPECT_EQ(cell_.store.Events().begin()->second.size(), 3u);
}

TEST_F(CellWorkers, AWorkerThatComesBackKeepsWhatIsItsOwn) {
  CreateMany(2);
  TestWorker before = cell_.Connect("w1", 2);
  cell_.Settle();
  const LeaseId own = before.sink->grants()[0].lease;
  LeaseId forged = before.sink->grants()[1].lease;
  forged.token = "another";
  cell_.cell.CloseSession(cell_.Now(), before.session);
  cell_.Advance(absl::Seconds(4));
  TestWorker after = cell_.Connect("w1", 2, {own, forged});
  EXPECT_EQ(after.sink->welcome()->kept, std::vector<LeaseId>{own});
  EXPECT_EQ(after.sink->welcome()->lost, std::vector<LeaseId>{forged});
  cell_.Advance(absl::Seconds(4));
  EXPECT_EQ(cell_.StateOf("j0"), JobState::kProcessing);
  EXPECT_EQ(cell_.Stored("j1").status.losses, 1);
}

TEST_F(CellWorkers, AGrantThatNeverArrivedIsGivenBackByTheFirstReport) {
  cell_.Create("a");
  TestWorker before = cell_.Connect("w1", 1);
  cell_.Settle();
  TestWorker after = cell_.Connect("w1", 1);
  EXPECT_TRUE(before.sink->closed()->ok());
  cell_.Report(after, {}, 1);
  cell_.Settle();
  ASSERT_EQ(after.sink->grants().size(), 1u);
  EXPECT_EQ(after.sink->grants()[0].lease.attempt, 2);
  EXPECT_EQ(cell_.Stored("a").status.charges, 0);
}

TEST_F(CellWorkers, AnEndedLeaseThatHelloDidNotNameIsClosedByTheFirstReport) {
  cell_.Create("a");
  TestWorker before = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = before.sink->grants()[0].lease;
  TestWorker after = cell_.Connect("w1", 1);
  cell_.ReportAndSettle(after, lease, Completed());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellWorkers, AnUnwrittenEndIsNotCalledLost) {
  cell_.Create("a");
  TestWorker before = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = before.sink->grants()[0].lease;
  cell_.Report(before, {{lease, Completed()}});
  cell_.Decide();
  TestWorker after = cell_.Connect("w1", 1, {lease});
  EXPECT_EQ(after.sink->welcome()->kept, std::vector<LeaseId>{lease});
  cell_.Report(after, {{lease, Completed()}});
  cell_.Settle();
  EXPECT_EQ(after.sink->closings(), std::vector<LeaseId>{lease});
}

TEST_F(CellWorkers, AnOutageStopsGrantsAndSubmitsButNoRunningJob) {
  CreateMany(2);
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = worker.sink->grants()[0].lease;
  worker.sink->Take();
  cell_.store.SetAvailable(false);
  cell_.Report(worker, {{lease, Completed()}}, 1);
  cell_.Decide();
  EXPECT_FALSE(cell_.TryCommit());
  EXPECT_TRUE(worker.sink->turns().at(0).degraded);
  EXPECT_EQ(worker.sink->turns().at(0).answers, 1);
  const auto refused = cell_.Submit(CellHarness::NewJob("late"));
  EXPECT_EQ(ReasonOf(refused->value().status()), "DATABASE_UNAVAILABLE");
  cell_.Report(worker, {{lease, Completed()}}, 1);
  EXPECT_TRUE(worker.sink->closings().empty());
  EXPECT_TRUE(worker.sink->grants().empty());
  cell_.store.SetAvailable(true);
  cell_.Settle();
  EXPECT_EQ(worker.sink->closings(), std::vector<LeaseId>{lease});
  EXPECT_EQ(worker.sink->grants().size(), 1u);
}

TEST_F(CellWorkers, AnOutageOfTenMinutesCostsNoRunningJobItsLease) {
  CreateMany(2);
  TestWorker worker = cell_.Connect("w1", 2);
  cell_.Settle();
  const LeaseId first = worker.sink->grants()[0].lease;
  const LeaseId second = worker.sink->grants()[1].lease;
  cell_.store.SetAvailable(false);
  cell_.cell.DatabaseLost(cell_.Now());
  for (int report = 0; report < 200; ++report) {
    cell_.clock.Advance(absl::Seconds(3));
    cell_.Report(worker, {Running(first), Running(second, 2)});
    cell_.Decide();
    EXPECT_TRUE(worker.sink->Take().back().degraded);
  }
  cell_.Report(worker, {{first, Completed()}, Running(second, 3)}, 1);
  cell_.store.SetAvailable(true);
  cell_.Settle();
  EXPECT_EQ(cell_.StateOf("j0"), JobState::kCompleted);
  EXPECT_EQ(cell_.StateOf("j1"), JobState::kProcessing);
  EXPECT_EQ(cell_.Stored("j1").status.losses, 0);
}

TEST_F(CellWorkers, ACommitThatHangsIsToldToWorkersAsAnOutage) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = worker.sink->grants()[0].lease;
  worker.sink->Take();
  cell_.Report(worker, {{lease, Completed()}});
  cell_.Decide();
  cell_.clock.Advance(absl::Milliseconds(1001));
  cell_.Decide();
  ASSERT_EQ(worker.sink->turns().size(), 1u);
  EXPECT_TRUE(worker.sink->turns()[0].degraded);
  cell_.Settle();
  EXPECT_FALSE(cell_.cell.IsDegraded());
  EXPECT_EQ(worker.sink->closings().size(), 1u);
}

TEST_F(CellWorkers, ACommitOfUnknownOutcomeIsWrittenOnce) {
  cell_.store.FailNextCommits({CommitFault::kWrittenButNotTold, CommitFault::kNotWritten});
  const auto answer = cell_.Submit(CellHarness::NewJob("a"));
  cell_.Settle();
  EXPECT_FALSE(answer->value()->existed);
  EXPECT_EQ(cell_.store.Jobs().size(), 1u);
}

TEST_F(CellWorkers, ATakeOverKeepsRunningJobsAndRecordsTheirCompletion) {
  CreateMany(2);
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  const LeaseId lease = worker.sink->grants()[0].lease;
  cell_.cell.StepDown(absl::UnavailableError("gone"));
  EXPECT_FALSE(worker.sink->closed()->ok());
  cell_.TakeOver();
  cell_.Advance(absl::Seconds(14));
  EXPECT_EQ(cell_.StateOf("j0"), JobState::kProcessing);
  TestWorker again = cell_.Connect("w1", 1, {lease});
  EXPECT_EQ(again.sink->welcome()->kept, std::vector<LeaseId>{lease});
  cell_.ReportAndSettle(again, lease, Completed(), 1);
  EXPECT_EQ(cell_.Stored("j0").status.attempt, 1);
  EXPECT_EQ(cell_.StateOf("j0"), JobState::kCompleted);
  EXPECT_EQ(cell_.StateOf("j1"), JobState::kProcessing);
}

TEST_F(CellWorkers, AfterATakeOverAnAbsentWorkersJobIsLostAfterOneTtl) {
  cell_.Create("a");
  cell_.Connect("w1", 1);
  cell_.Settle();
  cell_.cell.StepDown(absl::UnavailableError("gone"));
  cell_.TakeOver();
  cell_.Advance(absl::Milliseconds(14'999));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  cell_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
}

TEST_F(CellWorkers, AProcessThatStoodStillReapsNobody) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  cell_.clock.Advance(absl::Seconds(60));
  cell_.Settle();
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  cell_.Advance(absl::Seconds(15));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
}

TEST_F(CellWorkers, AWorkerThatIsSilentThoughItIsConnectedGetsNoJobUntilItReports) {
  TestWorker worker = cell_.Connect("w1", 2);
  cell_.Report(worker, {}, 2);
  cell_.Advance(absl::Seconds(8));  // More than two and a half intervals.
  cell_.Create("a");
  EXPECT_TRUE(worker.sink->grants().empty());
  cell_.Report(worker, {}, 2);
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 1u);
}

TEST_F(CellWorkers, TheStreamOfAWorkerThatIsSilentForTheLifeOfALeaseIsClosed) {
  const TestWorker silent = cell_.Connect("w1", 1);
  TestWorker worker = cell_.Connect("w2", 1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(silent.sink->closed().has_value());
    cell_.Advance(absl::Seconds(3));
    cell_.Report(worker, {}, 1);
  }
  cell_.Advance(absl::Seconds(3));
  ASSERT_TRUE(silent.sink->closed().has_value());
  EXPECT_EQ(ReasonOf(*silent.sink->closed()), "WORKER_SILENT");
  EXPECT_FALSE(worker.sink->closed().has_value());
}

TEST_F(CellWorkers, AProcessThatStoodStillClosesNoStream) {
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.clock.Advance(absl::Minutes(1));
  cell_.Settle();
  EXPECT_FALSE(worker.sink->closed().has_value());
}

TEST_F(CellWorkers, WhatWaitsFailsWhenTheLeaderStepsDown) {
  const auto submit = cell_.Submit(CellHarness::NewJob("a"));
  cell_.Decide();
  cell_.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
  EXPECT_EQ(ReasonOf(submit->value().status()), "NOT_LEADER");
  EXPECT_EQ(ReasonOf((*cell_.View({}))->status()), "NOT_LEADER");
}

TEST_F(CellWorkers, AViewSaysWhyAJobWaitsAndHowFarARunningOneIs) {
  CreateMany(2);
  JobRecord other = CellHarness::NewJob("other");
  other.rules.stages = {"complete"};
  other.rules.priority = -5;
  cell_.Create(other);
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  cell_.Report(worker, {Running(worker.sink->grants()[0].lease, 40)});
  cell_.Report(worker, {Running(worker.sink->grants()[0].lease, 30)});
  const auto answer = cell_.View({"j0", "j1", "other", "absent"});
  const std::vector<JobView>& views = **answer->operator->();
  ASSERT_EQ(views.size(), 3u);
  EXPECT_EQ(views[0].progress.percent, 40);
  EXPECT_EQ(views[1].record.status.wait_reason, WaitReason::kBehindOthers);
  EXPECT_EQ(views[1].queue_position, 0);
  EXPECT_EQ(views[2].record.status.wait_reason, WaitReason::kNoWorkerForStage);
}

TEST_F(CellWorkers, AViewIsHeldBackUntilWhatItShowsIsDurable) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Decide();
  const auto view = cell_.View({"a"});
  EXPECT_FALSE(view->has_value());
  cell_.Settle();
  EXPECT_EQ(view->value()->at(0).record.status.state, JobState::kProcessing);
}

TEST_F(CellWorkers, AViewIsNotHeldBackByAnOutage) {
  cell_.Create("a");
  cell_.Create("b");
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.store.SetAvailable(false);
  cell_.Decide();
  const auto parked = cell_.View({"a"});
  EXPECT_FALSE(parked->has_value());
  EXPECT_FALSE(cell_.TryCommit());
  ASSERT_TRUE(parked->has_value());
  EXPECT_EQ(ReasonOf((*parked)->status()), "DATABASE_UNAVAILABLE");
  const auto late = cell_.View({"a"});
  ASSERT_TRUE(late->has_value());
  EXPECT_EQ(ReasonOf((*late)->status()), "DATABASE_UNAVAILABLE");
  const auto durable = cell_.View({"b"});
  ASSERT_TRUE(durable->has_value());
  EXPECT_TRUE((*durable)->ok());
}

TEST_F(CellWorkers, StatsAndWorkersShowWhatIsConnectedAndBusy) {
  CreateMany(3);
  TestWorker worker = cell_.Connect("w1", 2);
  cell_.Settle();
  cell_.clock.Advance(absl::Seconds(7));
  const SchedulerStats stats = *cell_.cell.GetStats(cell_.Now());
  EXPECT_EQ(stats.jobs_by_state.at(JobState::kProcessing), 2);
  EXPECT_EQ(stats.jobs_by_state.at(JobState::kQueued), 1);
  EXPECT_EQ(stats.slots, 2);
  EXPECT_EQ(stats.slots_busy, 2);
  EXPECT_EQ(stats.oldest_queued_age, absl::Seconds(7));
  const std::vector<WorkerView> workers = *cell_.cell.ListWorkers();
  ASSERT_EQ(workers.size(), 1u);
  EXPECT_EQ(workers[0].jobs.size(), 2u);
}

TEST_F(CellWorkers, NobodyCanWatchALeaderThatSteppedDown) {
  cell_.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
  const auto watcher = std::make_shared<RecordingWatchSink>();
  EXPECT_EQ(ReasonOf(cell_.watches.Open("default", 0, watcher).status()), "NOT_LEADER");
  cell_.TakeOver();
  EXPECT_TRUE(cell_.watches.Open("default", 0, watcher).ok());
}

TEST_F(CellWorkers, TheFirstWatcherSeesWhatWasBeingCommittedWhenItCame) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  cell_.Report(worker, {{worker.sink->grants()[0].lease, Completed()}});
  cell_.Decide();
  const auto watcher = std::make_shared<RecordingWatchSink>();
  ASSERT_TRUE(cell_.watches.Open("default", 0, watcher).ok());
  EXPECT_TRUE(cell_.TryCommit());
  ASSERT_EQ(watcher->changes().size(), 1u);
  EXPECT_EQ(watcher->changes()[0].view->record.status.state, JobState::kCompleted);
  EXPECT_TRUE(watcher->changes()[0].view->record.result.has_value());
}

TEST_F(CellWorkers, ProgressReachesWatchersAtMostEveryQuarterSecond) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  auto watcher = std::make_shared<RecordingWatchSink>();
  ASSERT_TRUE(cell_.watches.Open("default", 0, watcher).ok());
  const LeaseId lease = worker.sink->grants()[0].lease;
  for (int i = 0; i < 10; ++i) {
    cell_.Report(worker, {Running(lease, i)});
    cell_.Advance(absl::Milliseconds(50));
  }
  cell_.watches.Deliver();
  EXPECT_EQ(watcher->changes().size(), 2u);
  EXPECT_TRUE(watcher->changes()[0].progress_only);
}

TEST_F(CellWorkers, ADrainedWorkerKeepsWhatItRunsAndIsGrantedNothingMore) {
  CreateMany(3);
  TestWorker worker = cell_.Connect("w1", 2);
  cell_.Settle();
  ASSERT_EQ(worker.sink->grants().size(), 2u);
  const LeaseId first = worker.sink->grants()[0].lease;
  const LeaseId second = worker.sink->grants()[1].lease;
  const WorkerDrain drain = {"w1", "alice", "a disk", cell_.clock.Now()};
  const WorkerView drained = *cell_.cell.SetDrain("w1", drain);
  EXPECT_EQ(drained.drain, drain);
  EXPECT_EQ(drained.jobs.size(), 2u);
  cell_.Report(worker, {{first, Completed()}, Running(second)}, 1);
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 2u);
  // What waits says that nobody takes it, and another stream changes nothing.
  EXPECT_EQ((*cell_.View({"j2"}))->value()[0].record.status.wait_reason,
            WaitReason::kNoWorkerForStage);
  TestWorker again = cell_.Connect("w1", 2, {second});
  cell_.Report(again, {Running(second)}, 1);
  cell_.Settle();
  EXPECT_TRUE(again.sink->grants().empty());
  EXPECT_FALSE(cell_.cell.SetDrain("w1", std::nullopt)->drain.has_value());
  cell_.Settle();
  EXPECT_EQ(again.sink->grants().size(), 1u);
}

TEST_F(CellWorkers, ADrainHoldsForAWorkerThatIsAwayAndIsListed) {
  ASSERT_TRUE(cell_.cell.SetDrain("w1", WorkerDrain{"w1", "alice", "", cell_.clock.Now()}).ok());
  EXPECT_FALSE(cell_.cell.ListWorkers()->at(0).is_connected);
  cell_.Create("a");
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  EXPECT_TRUE(worker.sink->grants().empty());
  ASSERT_EQ(cell_.cell.ListWorkers()->size(), 1u);
  EXPECT_TRUE(cell_.cell.ListWorkers()->at(0).is_connected);
}

}  // namespace
}  // namespace dq
