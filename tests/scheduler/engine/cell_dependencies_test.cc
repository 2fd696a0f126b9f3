// Jobs that wait for others to complete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using Ids = std::vector<std::string>;

class CellDependencies : public ::testing::Test {
 protected:
  static JobRecord After(const std::string& id, const Ids& dependencies) {
    JobRecord job = CellHarness::NewJob(id);
    for (const std::string& dependency : dependencies) {
      job.dependencies.push_back({.id = dependency});
    }
    return job;
  }
  void Create(const std::string& id, const Ids& dependencies = {}) {
    h_.Create(After(id, dependencies));
    h_.Settle();
  }
  // Ends the oldest grant that has not ended yet.
  void EndNext(const Outcome& outcome) {
    h_.Settle();
    const LeaseId lease = worker_.sink->grants().at(ended_++).lease;
    h_.ReportAndSettle(worker_, lease, outcome, 9);
    h_.Settle();
  }
  Ids Started() const {
    Ids ids;
    for (const WorkerGrant& grant : worker_.sink->grants()) ids.push_back(grant.lease.job.id);
    return ids;
  }
  Answer<JobView> Call(void (Cell::*ask)(const Instant&, const JobName&, const std::string&,
                                         const std::string&, Cell::ViewDone),
                       const std::string& id) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    (h_.cell.*ask)(h_.Now(), {"default", id}, "as asked", "tester",
                   [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    h_.Settle();
    return answer;
  }
  Answer<JobView> Retry(const std::string& id) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    const JobName name = {"default", id};
    h_.cell.ReserveReopen(h_.Now(), name, [&, answer](const absl::StatusOr<int64_t>& place) {
      h_.cell.Reopen(h_.Now(), *place, name, h_.store.GetJob(name), RetryFrom::kStart, "", "tester",
                     [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    });
    h_.Settle();
    return answer;
  }
  // Another leader begins with what is recorded; the worker's stream is gone.
  void ChangeLeader() {
    h_.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
    h_.TakeOver();
    h_.Settle();
  }

  CellHarness h_;
  TestWorker worker_ = h_.Connect("w1", 9);
  size_t ended_ = 0;
};

TEST_F(CellDependencies, AJobStartsOnceAllItsDependenciesAreCompleted) {
  Create("a");
  Create("b");
  Create("c", {"a", "b"});
  EXPECT_EQ(h_.StateOf("c"), JobState::kPending);
  EXPECT_EQ(h_.Stored("c").status.wait_reason, WaitReason::kDependency);
  EndNext(Completed());
  EXPECT_EQ(h_.StateOf("c"), JobState::kPending);
  EndNext(Completed());
  EXPECT_EQ(h_.StateOf("c"), JobState::kProcessing);
  EXPECT_THAT(Started(), ElementsAre("a", "b", "c"));
}

TEST_F(CellDependencies, AnEndThatIsNotDurableStartsNothing) {
  Create("a");
  Create("b", {"a"});
  h_.Report(worker_, {{worker_.sink->grants().at(0).lease, Completed()}}, 9);
  h_.Decide();
  EXPECT_EQ(h_.View({"b"})->value()->front().record.status.state, JobState::kPending);
  h_.Settle();
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellDependencies, AFailedDependencySkipsWhatDependsOnItAndSoOn) {
  Create("a");
  Create("b", {"a"});
  Create("c", {"b"});
  EndNext(FailedForGood("PARSE_FAILED"));
  const JobRecord b = h_.Stored("b");
  EXPECT_EQ(b.status.state, JobState::kSkipped);
  EXPECT_EQ(b.status.error.reason, "DEPENDENCY_FAILED");
  EXPECT_EQ(b.status.error.metadata.at("job"), "a");
  EXPECT_EQ(b.status.error.metadata.at("state"), "FAILED");
  EXPECT_EQ(h_.StateOf("c"), JobState::kSkipped);
  EXPECT_EQ(h_.Stored("c").status.error.metadata.at("job"), "b");
  EXPECT_THAT(Started(), ElementsAre("a"));
}

TEST_F(CellDependencies, WhatEndedLongAgoCountsAsWell) {
  Create("a");
  EndNext(Completed());
  Create("b", {"a"});
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
  EndNext(FailedForGood("PARSE_FAILED"));
  Create("c", {"a", "b"});
  EXPECT_EQ(h_.StateOf("c"), JobState::kSkipped);
}

TEST_F(CellDependencies, ADependencyThatIsNotThereIsRefused) {
  const auto answer = h_.Submit(After("b", {"a"}));
  const auto itself = h_.Submit(After("c", {"c"}));
  h_.Settle();
  EXPECT_EQ(ReasonOf(answer->value().status()), "DEPENDENCY_MISSING");
  EXPECT_EQ(ReasonOf(itself->value().status()), "DEPENDENCY_MISSING");
  EXPECT_TRUE(h_.store.Jobs().empty());
}

TEST_F(CellDependencies, OneCallMayNameJobsBeforeTheirDependents) {
  std::vector<BulkOutcome> outcomes;
  h_.cell.SubmitAll(
      h_.Now(),
      {After("a", {}), After("b", {"a"}), After("c", {"b", "a"}), After("d", {"e"}),
       After("e", {"d"}), After("f", {"c"})},
      [&](absl::StatusOr<std::vector<BulkOutcome>> all) { outcomes = *std::move(all); });
  h_.Settle();
  ASSERT_EQ(outcomes.size(), 6u);
  for (const size_t accepted : {0, 1, 2, 5}) EXPECT_TRUE(outcomes[accepted].status.ok());
  EXPECT_EQ(ReasonOf(outcomes[3].status), "DEPENDENCY_MISSING");
  EXPECT_EQ(ReasonOf(outcomes[4].status), "DEPENDENCY_MISSING");
  for (int i = 0; i < 4; ++i) EndNext(Completed());
  EXPECT_THAT(Started(), ElementsAre("a", "b", "c", "f"));
  EXPECT_EQ(h_.StateOf("f"), JobState::kCompleted);
}

TEST_F(CellDependencies, ARepeatedSubmitIsAnsweredWithTheEarlierJobWhateverBecameOfIt) {
  Create("a");
  Create("b", {"a"});
  EndNext(FailedForGood("PARSE_FAILED"));
  const auto again = h_.Submit(After("b", {"a"}));
  h_.Settle();
  ASSERT_TRUE(again->value().ok());
  EXPECT_TRUE(again->value()->existed);
  EXPECT_EQ(again->value()->job.record.status.state, JobState::kSkipped);
}

TEST_F(CellDependencies, ATakenIdLeavesNothingBehind) {
  Create("a");
  JobRecord thief = After("a", {"a"});
  thief.request_id = "another";
  const auto taken = h_.Submit(std::move(thief));
  h_.Settle();
  EXPECT_EQ(ReasonOf(taken->value().status()), "ID_TAKEN");
  EndNext(Completed());
  EXPECT_EQ(h_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellDependencies, ANewLeaderGoesOnWaiting) {
  Create("a");
  Create("b", {"a"});
  ChangeLeader();
  EXPECT_EQ(h_.StateOf("b"), JobState::kPending);
  const LeaseId lease = worker_.sink->grants().at(0).lease;
  worker_ = h_.Connect("w1", 9, {lease});
  h_.ReportAndSettle(worker_, lease, Completed(), 9);
  h_.Settle();
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellDependencies, ANewLeaderFindsWhatEndedBeforeItsDependentsWereTold) {
  for (const Outcome& outcome : {Completed(), FailedForGood("PARSE_FAILED")}) {
    CellHarness h;
    TestWorker worker = h.Connect("w1", 1);
    h.Create("a");
    h.Settle();
    h.Create(After("b", {"a"}));
    h.Report(worker, {{worker.sink->grants().at(0).lease, outcome}});
    h.Decide();
    ASSERT_TRUE(h.TryCommit());
    EXPECT_EQ(h.StateOf("b"), JobState::kPending);
    h.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
    h.TakeOver();
    h.Settle();
    const bool completed = h.StateOf("a") == JobState::kCompleted;
    EXPECT_EQ(h.StateOf("b"), completed ? JobState::kQueued : JobState::kSkipped);
  }
}

TEST_F(CellDependencies, APausedDependentGoesOnWaitingWhenItIsResumed) {
  Create("a");
  Create("b", {"a"});
  Call(&Cell::Pause, "b");
  ChangeLeader();
  EXPECT_EQ(h_.StateOf("b"), JobState::kPaused);
  Call(&Cell::Resume, "b");
  EXPECT_EQ(h_.StateOf("b"), JobState::kPending);
  EXPECT_EQ(h_.Stored("b").status.wait_reason, WaitReason::kDependency);
}

TEST_F(CellDependencies, APausedDependentIsReadyOnceItIsResumedAndSkippedAtOnce) {
  Create("a");
  Create("b");
  Create("c", {"a"});
  Create("d", {"b"});
  Call(&Cell::Pause, "c");
  Call(&Cell::Pause, "d");
  EndNext(Completed());
  EndNext(FailedForGood("PARSE_FAILED"));
  EXPECT_EQ(h_.StateOf("c"), JobState::kPaused);
  EXPECT_EQ(h_.StateOf("d"), JobState::kSkipped);
  Call(&Cell::Resume, "c");
  h_.Settle();
  EXPECT_THAT(Started(), ElementsAre("a", "b", "c"));
}

TEST_F(CellDependencies, ACancelledDependentIsToldNothingMore) {
  Create("a");
  Create("b", {"a"});
  h_.Cancel("b");
  h_.Settle();
  EndNext(Completed());
  EXPECT_EQ(h_.StateOf("b"), JobState::kCancelled);
  EXPECT_THAT(Started(), ElementsAre("a"));
}

TEST_F(CellDependencies, ARetryWaitsUntilTheDependenciesAreCompleted) {
  Create("a");
  Create("b", {"a"});
  EndNext(FailedForGood("PARSE_FAILED"));
  EXPECT_EQ(ReasonOf(Retry("b")->value().status()), "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Retry("a")->value().ok());
  EXPECT_EQ(ReasonOf(Retry("b")->value().status()), "ILLEGAL_TRANSITION");
  EndNext(Completed());
  ASSERT_TRUE(Retry("b")->value().ok());
  h_.Settle();
  EXPECT_THAT(Started(), ElementsAre("a", "a", "b"));
}

TEST_F(CellDependencies, NotBeforeIsWaitedForAfterwards) {
  Create("a");
  JobRecord job = After("b", {"a"});
  job.rules.not_before = h_.clock.Now() + absl::Seconds(5);
  h_.Create(job);
  EndNext(Completed());
  EXPECT_EQ(h_.View({"b"})->value()->front().record.status.wait_reason, WaitReason::kNotBefore);
  EXPECT_THAT(Started(), ElementsAre("a"));
  h_.Advance(absl::Seconds(6));
  EXPECT_THAT(Started(), ElementsAre("a", "b"));
}

TEST_F(CellDependencies, AStartDeadlineHoldsWhileAJobWaitsForOthers) {
  Create("a");
  JobRecord job = After("b", {"a"});
  job.rules.start_deadline = h_.clock.Now() + absl::Seconds(60);
  h_.Create(job);
  Create("c", {"b"});
  ChangeLeader();
  h_.Advance(absl::Seconds(61));
  EXPECT_EQ(h_.StateOf("b"), JobState::kFailed);
  EXPECT_EQ(h_.Stored("b").status.error.reason, "START_DEADLINE");
  EXPECT_EQ(h_.StateOf("c"), JobState::kSkipped);
}

TEST_F(CellDependencies, AnEndOnWhichManyJobsDependIsToldToThemABatchAtATime) {
  SchedulerOptions options;
  options.commit_batch_rows_max = 10;
  CellHarness h(options);
  h.Create("a");
  for (int i = 0; i < 35; ++i) h.Create(After("b" + std::to_string(i), {"a"}));
  h.Cancel("a");
  h.Decide();
  ASSERT_TRUE(h.TryCommit());
  EXPECT_EQ(h.metrics.InState(JobState::kSkipped), 10);
  h.Settle();
  EXPECT_EQ(h.metrics.InState(JobState::kSkipped), 35);
  EXPECT_EQ(h.StateOf("b34"), JobState::kSkipped);
}

TEST_F(CellDependencies, ACommandThatIsRefusedLeavesADependentWaiting) {
  Create("a");
  Create("b", {"a"});
  const auto cancelled = h_.Cancel("b", kUnrecordable);
  h_.Settle();
  EXPECT_EQ(ReasonOf(cancelled->value().status()), "ROW_REFUSED");
  EXPECT_EQ(h_.StateOf("b"), JobState::kPending);
  EndNext(Completed());
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellDependencies, ADatabaseThatIsAwayRefusesWhatHasToBeReadFromIt) {
  Create("a");
  EndNext(Completed());
  const auto answer = h_.Submit(After("b", {"a"}));
  h_.cell.DatabaseLost(h_.Now());
  EXPECT_TRUE(absl::IsUnavailable(answer->value().status()));
  h_.cell.DatabaseFound(h_.Now());
  Create("b", {"a"});
  EXPECT_EQ(h_.StateOf("b"), JobState::kProcessing);
}

}  // namespace
}  // namespace dq
