// Pause, resume, retry, bulk submits, limits: what users and operators ask of a cell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

using ::testing::ElementsAre;

class CellControl : public ::testing::Test {
 protected:
  using Ask = void (Cell::*)(const Instant&, const JobName&, const std::string&, const std::string&,
                             Cell::ViewDone);

  // Creates a job, which starts when it can.
  void Create(const std::string& id) { Create(CellHarness::NewJob(id)); }
  void Create(const JobRecord& job) {
    h_.Create(job);
    h_.Settle();
  }
  Answer<JobView> Call(Ask ask, const std::string& id) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    (h_.cell.*ask)(h_.Now(), {"default", id}, "as asked", "tester",
                   [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    h_.Settle();
    return answer;
  }
  Answer<JobView> Pause(const std::string& id) { return Call(&Cell::Pause, id); }
  Answer<JobView> Resume(const std::string& id) { return Call(&Cell::Resume, id); }
  Answer<JobView> Retry(const std::string& id) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    const JobName name = {"default", id};
    h_.cell.ReserveReopen(h_.Now(), name, [&, answer](const absl::StatusOr<int64_t>& place) {
      if (!place.ok()) {
        *answer = place.status();
        return;
      }
      h_.cell.Reopen(h_.Now(), *place, name, h_.store.GetJob(name), RetryFrom::kCheckpoint,
                     "as asked", "tester",
                     [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    });
    h_.Settle();
    return answer;
  }
  Answer<JobView> Skip(const std::string& id) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    h_.cell.Skip(h_.Now(), {"default", id}, {"NOT_WANTED", "Nobody wants it.", {}}, "tester",
                 [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    h_.Settle();
    return answer;
  }
  WaitReason ReasonFor(const std::string& id) {
    return h_.View({id})->value()->front().record.status.wait_reason;
  }
  static std::vector<JobEvent> EventsOf(const FakeStore& store, JobKey key) {
    const auto recorded = store.Events();
    std::vector<JobEvent> events;
    for (const JobEventRecord& event : recorded.at(key)) events.push_back(event.event);
    return events;
  }

  CellHarness h_;
};

TEST_F(CellControl, AWaitingJobIsPausedAtOnceAndResumedToTheQueue) {
  Create("a");
  EXPECT_EQ((**Pause("a"))->record.status.state, JobState::kPaused);
  EXPECT_EQ(h_.StateOf("a"), JobState::kPaused);
  TestWorker worker = h_.Connect("w1", 1);
  h_.Settle();
  EXPECT_EQ(h_.StateOf("a"), JobState::kPaused) << "a paused job is given to nobody";
  EXPECT_EQ((**Resume("a"))->record.status.state, JobState::kQueued);
  EXPECT_EQ(h_.StateOf("a"), JobState::kProcessing);
  EXPECT_THAT(EventsOf(h_.store, h_.Stored("a").key),
              ElementsAre(JobEvent::kCreate, JobEvent::kPause, JobEvent::kResume, JobEvent::kReady,
                          JobEvent::kClaim));
}

TEST_F(CellControl, AJobThatMissedItsStartDeadlineIsNotRetriedButSubmittedAgain) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.start_deadline = h_.clock.Now() + absl::Minutes(5);
  h_.Create(job);
  h_.Advance(absl::Minutes(5));
  EXPECT_EQ(h_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ(ReasonOf((*Retry("a"))->status()), "ILLEGAL_TRANSITION");
}

TEST_F(CellControl, AJobResumedBehindItsStartDeadlineIsNotStarted) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.start_deadline = h_.clock.Now() + absl::Minutes(5);
  h_.Create(job);
  Pause("a");
  h_.Advance(absl::Minutes(6));
  EXPECT_EQ(h_.StateOf("a"), JobState::kPaused);
  TestWorker worker = h_.Connect("w1", 1);
  Resume("a");
  h_.Settle();
  EXPECT_EQ(h_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ(h_.Stored("a").status.error.reason, "START_DEADLINE");
  EXPECT_TRUE(worker.sink->grants().empty());
}

TEST_F(CellControl, ARunningJobIsPausedOnceItsWorkerHasStoppedAndItsSlotIsFree) {
  TestWorker worker = h_.Connect("w1", 1);
  Create("a");
  const LeaseId lease = worker.sink->grants().front().lease;
  EXPECT_EQ((**Pause("a"))->record.status.state, JobState::kPausing);
  ASSERT_EQ(worker.sink->revocations().size(), 1u);
  EXPECT_EQ(worker.sink->revocations().front().reason, RevokeReason::kPause);
  Create("b");
  h_.ReportAndSettle(worker, lease, StoppedOutcome{}, 1);
  EXPECT_EQ(h_.StateOf("a"), JobState::kPaused);
  EXPECT_EQ(h_.Stored("a").status.charges, 0);
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellControl, AWorkerThatMissedThePauseHearsOfItWithItsNextReport) {
  TestWorker worker = h_.Connect("w1", 1);
  Create("a");
  const LeaseId lease = worker.sink->grants().front().lease;
  Pause("a");
  h_.Report(worker, {Running(lease)});
  h_.Settle();
  EXPECT_EQ(worker.sink->revocations().size(), 2u);
}

TEST_F(CellControl, ACompletionThatRacesWithAPauseCounts) {
  TestWorker worker = h_.Connect("w1", 1);
  Create("a");
  const LeaseId lease = worker.sink->grants().front().lease;
  Pause("a");
  h_.ReportAndSettle(worker, lease, Completed());
  EXPECT_EQ(h_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellControl, AsWhatItIsAlreadyIsNoError) {
  Create("a");
  EXPECT_TRUE((*Resume("a"))->ok());
  Pause("a");
  EXPECT_TRUE((*Pause("a"))->ok());
  EXPECT_EQ(h_.StateOf("a"), JobState::kPaused);
}

TEST_F(CellControl, WhatTheTableDoesNotHaveIsRefused) {
  TestWorker worker = h_.Connect("w1", 2);
  Create("a");
  Create("b");
  Pause("a");
  EXPECT_EQ(ReasonOf((*Resume("a"))->status()), "ILLEGAL_TRANSITION");
  h_.Cancel("b");
  h_.Settle();
  EXPECT_EQ(ReasonOf((*Pause("b"))->status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf((*Pause("unknown"))->status()), "NOT_LIVE");
}

TEST_F(CellControl, AResumedJobWaitsForItsTime) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.not_before = h_.clock.Now() + absl::Minutes(1);
  Create(job);
  Pause("a");
  Resume("a");
  EXPECT_EQ(h_.StateOf("a"), JobState::kPending);
  EXPECT_EQ(h_.Stored("a").status.wait_reason, WaitReason::kNotBefore);
  h_.Advance(absl::Minutes(2));
  EXPECT_EQ(h_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellControl, PausedJobsOutliveTheirLeader) {
  Create("a");
  Pause("a");
  h_.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
  h_.TakeOver();
  Resume("a");
  EXPECT_EQ(h_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellControl, ARetriedJobRunsAgainWithItsWholeBudget) {
  TestWorker worker = h_.Connect("w1", 1);
  Create("a");
  h_.ReportAndSettle(worker, worker.sink->grants().front().lease, FailedForGood("PARSE_FAILED"));
  ASSERT_EQ(h_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ((**Retry("a"))->record.status.state, JobState::kQueued);
  EXPECT_EQ(h_.Stored("a").status.charges, 0);
  EXPECT_EQ(h_.Stored("a").status.error.reason, "");
  h_.Report(worker, {}, 1);
  h_.Settle();
  const LeaseId lease = worker.sink->grants().back().lease;
  EXPECT_EQ(lease.attempt, 2) << "attempts go on counting";
  h_.ReportAndSettle(worker, lease, Completed());
  EXPECT_EQ(h_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellControl, OnlyAnEndedJobThatDidNotCompleteIsRetried) {
  TestWorker worker = h_.Connect("w1", 1);
  Create("a");
  EXPECT_EQ(ReasonOf((*Retry("a"))->status()), "ILLEGAL_TRANSITION");
  h_.ReportAndSettle(worker, worker.sink->grants().front().lease, Completed());
  EXPECT_EQ(ReasonOf((*Retry("a"))->status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf((*Retry("unknown"))->status()), "JOB_NOT_FOUND");
}

TEST_F(CellControl, TwoRetriesAtOnceAreOne) {
  Create("a");
  h_.Cancel("a");
  h_.Settle();
  const JobName name = {"default", "a"};
  absl::StatusOr<int64_t> first;
  absl::StatusOr<int64_t> second;
  h_.cell.ReserveReopen(h_.Now(), name, [&](absl::StatusOr<int64_t> place) { first = place; });
  h_.cell.ReserveReopen(h_.Now(), name, [&](absl::StatusOr<int64_t> place) { second = place; });
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ReasonOf(second.status()), "JOB_NOT_LOADED");
  absl::StatusOr<JobView> reopened;
  h_.cell.Reopen(h_.Now(), *first, name, h_.store.GetJob(name), RetryFrom::kCheckpoint, "",
                 "tester", [&](absl::StatusOr<JobView> view) { reopened = std::move(view); });
  h_.Settle();
  EXPECT_TRUE(reopened.ok()) << reopened.status();
  EXPECT_EQ(h_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellControl, EveryQueuedJobSaysWhyItWaits) {
  GroupLimit limit;
  limit.kind = GroupKind::kQueue;
  limit.name = "default";
  limit.running_max = 1;
  ASSERT_TRUE(h_.cell.SetLimit(limit).ok());
  Create("a");
  EXPECT_EQ(ReasonFor("a"), WaitReason::kNoWorkerForStage);
  TestWorker worker = h_.Connect("w1", 4);
  h_.Settle();
  Create("b");
  EXPECT_EQ(h_.StateOf("a"), JobState::kProcessing);
  EXPECT_EQ(ReasonFor("b"), WaitReason::kQueueAtLimit);
  limit.running_max = kUnlimited;
  ASSERT_TRUE(h_.cell.SetLimit(limit).ok());
  h_.Settle();
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellControl, AConcurrencyKeyHoldsAcrossATakeOver) {
  TestWorker worker = h_.Connect("w1", 4);
  for (const char* id : {"a", "b"}) {
    JobRecord job = CellHarness::NewJob(id);
    job.rules.concurrency_key = "customer-1";
    job.rules.concurrency_max = 1;
    Create(job);
  }
  EXPECT_EQ(ReasonFor("b"), WaitReason::kConcurrencyKeyAtLimit);
  const LeaseId lease = worker.sink->grants().front().lease;
  h_.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
  h_.TakeOver();
  worker = h_.Connect("w1", 4, {lease});
  h_.Settle();
  EXPECT_EQ(h_.StateOf("b"), JobState::kQueued);
  h_.ReportAndSettle(worker, lease, Completed(), 3);
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellControl, AProjectThatIsFullTakesNoMoreJobsUntilOneEnds) {
  GroupLimit limit;
  limit.kind = GroupKind::kProject;
  limit.name = "default";
  limit.live_max = 2;
  ASSERT_TRUE(h_.cell.SetLimit(limit).ok());
  const auto first = h_.Submit(CellHarness::NewJob("a"));
  const auto second = h_.Submit(CellHarness::NewJob("b"));
  const auto third = h_.Submit(CellHarness::NewJob("c"));
  EXPECT_EQ((*third)->status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf((*third)->status()), "QUOTA");
  h_.Settle();
  EXPECT_TRUE((*first)->ok() && (*second)->ok());
  h_.Cancel("a");
  h_.Settle();
  const auto fourth = h_.Submit(CellHarness::NewJob("d"));
  h_.Settle();
  EXPECT_TRUE((*fourth)->ok());
}

TEST_F(CellControl, ManyJobsAreSubmittedTogetherAndEachStandsForItself) {
  Create("taken");
  JobRecord thief = CellHarness::NewJob("taken");
  thief.request_id = "another";
  std::vector<BulkOutcome> outcomes;
  h_.cell.SubmitAll(h_.Now(), {CellHarness::NewJob("a"), thief, CellHarness::NewJob("b")},
                    [&](absl::StatusOr<std::vector<BulkOutcome>> all) { outcomes = *all; });
  EXPECT_TRUE(outcomes.empty()) << "told before it is durable";
  h_.Settle();
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_TRUE(outcomes[0].status.ok());
  EXPECT_EQ(outcomes[0].name.id, "a");
  EXPECT_EQ(ReasonOf(outcomes[1].status), "ID_TAKEN");
  EXPECT_EQ(outcomes[2].name.id, "b");
  EXPECT_EQ(h_.StateOf("b"), JobState::kQueued);
}

TEST_F(CellControl, AJobThatWaitsIsSkippedForTheReasonGivenAndOneThatRunsIsNot) {
  Create("waits");
  EXPECT_EQ(Skip("waits")->value()->record.status.state, JobState::kSkipped);
  EXPECT_EQ(h_.Stored("waits").status.error.reason, "NOT_WANTED");
  EXPECT_EQ(ReasonOf(Skip("waits")->value().status()), "NOT_LIVE");
  TestWorker worker = h_.Connect("w1", 1);
  Create("runs");
  EXPECT_EQ(ReasonOf(Skip("runs")->value().status()), "ILLEGAL_TRANSITION");
  Create("paused");
  Pause("paused");
  EXPECT_EQ(Skip("paused")->value()->record.status.state, JobState::kSkipped);
  Retry("paused");
  EXPECT_EQ(h_.StateOf("paused"), JobState::kQueued);
}

TEST_F(CellControl, AJobThatIsOnlyToBeSkippedWaitsForThatAlsoUnderAnotherLeader) {
  TestWorker worker = h_.Connect("w1", 2);
  Create("first");
  JobRecord held = CellHarness::NewJob("held");
  held.is_held = true;
  held.dependencies = {{.id = "first"}};
  Create(held);
  h_.ReportAndSettle(worker, worker.sink->grants()[0].lease, Completed());
  h_.Advance(absl::Hours(1));
  EXPECT_EQ(h_.StateOf("held"), JobState::kPending);
  h_.cell.StepDown(absl::UnavailableError("gone"));
  h_.TakeOver();
  h_.Connect("w1", 2);
  h_.Advance(absl::Hours(1));
  EXPECT_EQ(h_.StateOf("held"), JobState::kPending);
  EXPECT_EQ(Skip("held")->value()->record.status.state, JobState::kSkipped);
}

}  // namespace
}  // namespace dq
