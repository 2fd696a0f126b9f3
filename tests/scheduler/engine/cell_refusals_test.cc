// What the database refuses for its data: memory holds what is recorded, and nobody hears more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CellRefusals : public ::testing::Test {
 protected:
  static JobRecord BadJob(const std::string& id) {
    JobRecord job = CellHarness::NewJob(id);
    job.display_name = kUnrecordable;
    return job;
  }
  static Outcome BadResult() {
    CompletedOutcome outcome;
    outcome.result.report_json = kUnrecordable;
    return outcome;
  }
  static LeaseReport WithBadCheckpoint(const LeaseId& lease) {
    JobCheckpoint checkpoint;
    checkpoint.sequence = 1;
    checkpoint.stage = kUnrecordable;
    LeaseReport report = Running(lease);
    report.checkpoint = std::make_shared<const JobCheckpoint>(checkpoint);
    return report;
  }
  LeaseId Start(const std::string& id) {
    cell_.Create(id);
    worker_ = cell_.Connect("w1", 1);
    cell_.Settle();
    return worker_.sink->grants()[0].lease;
  }
  Answer<JobView> Pause(const std::string& id, const std::string& reason) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    cell_.cell.Pause(cell_.Now(), {"default", id}, reason, "tester",
                     [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    return answer;
  }
  void ExpectEndedRefused(const std::string& id) {
    const JobRecord job = cell_.Stored(id);
    EXPECT_EQ(job.status.state, JobState::kFailed);
    EXPECT_EQ(job.status.error.reason, "RESULT_REFUSED");
    EXPECT_EQ(job.status.error.metadata.at("sqlstate"), "23514");
    EXPECT_EQ(job.status.charges, 1);
    const SchedulerStats stats = *cell_.cell.GetStats(cell_.Now());
    EXPECT_EQ(stats.jobs_by_state, (std::map<JobState, int64_t>{{JobState::kFailed, 1}}));
    EXPECT_EQ(stats.slots_busy, 0);
    const auto queues = cell_.cell.ListGroups({{GroupKind::kQueue}, "", 100});
    ASSERT_TRUE(queues.ok());
    for (const GroupView& queue : *queues) {
      EXPECT_EQ(queue.live, 0);
      EXPECT_EQ(queue.running, 0);
    }
    EXPECT_TRUE(cell_.cell.IsLeading());
  }

  CellHarness cell_;
  TestWorker worker_;
};

TEST_F(CellRefusals, ARefusedSubmitIsToldWhyAndLeavesNothing) {
  const auto good = cell_.Submit(CellHarness::NewJob("a"));
  const auto bad = cell_.Submit(BadJob("b"));
  cell_.Settle();
  EXPECT_TRUE((*good)->ok());
  EXPECT_TRUE(absl::IsInvalidArgument((*bad)->status())) << (*bad)->status();
  EXPECT_EQ(ReasonOf((*bad)->status()), "ROW_REFUSED");
  const auto queues = cell_.cell.ListGroups({{GroupKind::kQueue}, "", 100});
  EXPECT_EQ(queues->front().live, 1);
  auto stats = cell_.cell.GetStats(cell_.Now());
  EXPECT_EQ(stats->jobs_by_state[JobState::kQueued], 1);
  cell_.Create("b");
  EXPECT_EQ(cell_.StateOf("b"), JobState::kQueued) << "its names are free again";
}

TEST_F(CellRefusals, ARefusedResultEndsItsJobAndFreesItsWorker) {
  const LeaseId lease = Start("a");
  cell_.ReportAndSettle(worker_, lease, BadResult(), 1);
  EXPECT_THAT(worker_.sink->closings(), ElementsAre(lease));
  ExpectEndedRefused("a");
  cell_.Create("b");
  cell_.Settle();
  EXPECT_EQ(cell_.StateOf("b"), JobState::kProcessing);
}

TEST_F(CellRefusals, WatchersAreToldWhatIsRecordedAndNothingElse) {
  const LeaseId lease = Start("a");
  auto sink = std::make_shared<RecordingWatchSink>();
  ASSERT_TRUE(cell_.watches.Open("default", 0, sink).ok());
  cell_.ReportAndSettle(worker_, lease, BadResult(), 1);
  std::vector<JobState> states;
  for (const JobChange& change : sink->changes())
    states.push_back(change.view->record.status.state);
  EXPECT_THAT(states, ElementsAre(JobState::kFailed));
}

TEST_F(CellRefusals, AFailureThatCannotBeRecordedIsNotRetried) {
  const LeaseId lease = Start("a");
  FailedOutcome failed{{"BROKE", "It broke.", {{"row", kUnrecordable}}}, true};
  cell_.ReportAndSettle(worker_, lease, failed, 1);
  ExpectEndedRefused("a");
  cell_.Advance(absl::Minutes(2));
  EXPECT_EQ(cell_.Stored("a").status.attempt, 1);
}

TEST_F(CellRefusals, WhatIsRecordedIsCountedNotWhatWasRefused) {
  const LeaseId lease = Start("a");
  cell_.ReportAndSettle(worker_, lease, BadResult(), 1);
  EXPECT_EQ(cell_.metrics.Finished(JobState::kCompleted), 0);
  EXPECT_EQ(cell_.metrics.Finished(JobState::kFailed), 1);
  EXPECT_EQ(cell_.metrics.Failed("RESULT_REFUSED"), 1);
}

TEST_F(CellRefusals, AnAttemptThatFailsIsCountedOnceThoughItsReportIsRefused) {
  const LeaseId lease = Start("a");
  FailedOutcome failed{{"BROKE", "It broke.", {{"row", kUnrecordable}}}, true};
  cell_.ReportAndSettle(worker_, lease, failed, 1);
  EXPECT_EQ(cell_.metrics.Failed("BROKE"), 1);
  EXPECT_EQ(cell_.metrics.Failed("RESULT_REFUSED"), 0);
  EXPECT_EQ(cell_.metrics.Finished(JobState::kFailed), 1);
}

TEST_F(CellRefusals, ACancelThatIsRefusedCountsNoEnd) {
  cell_.Create("a");
  const auto cancelled = cell_.Cancel("a", kUnrecordable);
  cell_.Settle();
  EXPECT_EQ(ReasonOf((*cancelled)->status()), "ROW_REFUSED");
  EXPECT_EQ(cell_.metrics.Finished(JobState::kCancelled), 0);
}

TEST_F(CellRefusals, ARefusedCheckpointEndsTheAttemptAndTellsItsWorker) {
  const LeaseId lease = Start("a");
  cell_.Report(worker_, {WithBadCheckpoint(lease)});
  cell_.Advance(absl::Seconds(2));
  ExpectEndedRefused("a");
  ASSERT_EQ(worker_.sink->revocations().size(), 1u);
  EXPECT_EQ(worker_.sink->revocations()[0].lease, lease);
}

TEST_F(CellRefusals, AWorkerThatLeftMeanwhileIsForgottenWithItsRefusedCheckpoint) {
  const LeaseId lease = Start("a");
  cell_.Report(worker_, {WithBadCheckpoint(lease)});
  cell_.clock.Advance(absl::Seconds(2));
  cell_.Decide();
  cell_.cell.CloseSession(cell_.Now(), worker_.session);
  cell_.Settle();
  ExpectEndedRefused("a");
  EXPECT_THAT(worker_.sink->revocations(), IsEmpty());
}

TEST_F(CellRefusals, WhoAsksForWhatCannotBeRecordedIsToldAndTheAttemptGoesOn) {
  const LeaseId lease = Start("a");
  const auto paused = Pause("a", kUnrecordable);
  cell_.Settle();
  EXPECT_EQ(ReasonOf((*paused)->status()), "ROW_REFUSED");
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  EXPECT_THAT(worker_.sink->revocations(), IsEmpty());
  cell_.ReportAndSettle(worker_, lease, Completed(), 1);
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellRefusals, AWaitingJobWaitsOnWhenItsPauseIsRefused) {
  cell_.Create("a");
  const auto paused = Pause("a", kUnrecordable);
  cell_.Settle();
  EXPECT_EQ(ReasonOf((*paused)->status()), "ROW_REFUSED");
  worker_ = cell_.Connect("w1", 1);
  cell_.Settle();
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
}

TEST_F(CellRefusals, WhatWasReadMeanwhileIsNotShown) {
  const LeaseId lease = Start("a");
  cell_.Create("b");
  cell_.Report(worker_, {{lease, BadResult()}}, 0);
  const auto views = cell_.View({"a", "b"});
  cell_.Settle();
  ASSERT_TRUE(views->has_value());
  EXPECT_TRUE(absl::IsUnavailable((*views)->status()));
}

TEST_F(CellRefusals, ALeaderWhoseLaterDecisionsRestOnItBeginsAnewOnce) {
  const LeaseId lease = Start("a");
  FailedOutcome failed{{"BROKE", "It broke.", {{"row", kUnrecordable}}}, true};
  cell_.Report(worker_, {{lease, failed}}, 1);
  cell_.Decide();
  const auto cancelled = cell_.Cancel("a");
  cell_.Settle();
  EXPECT_FALSE(cell_.cell.IsLeading());
  EXPECT_FALSE((*cancelled)->ok());
  cell_.TakeOver();
  ExpectEndedRefused("a");
}

}  // namespace
}  // namespace dq
