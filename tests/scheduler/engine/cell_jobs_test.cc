// What becomes of jobs: submitted, run, failed, lost, timed out, cancelled.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

class CellJobs : public ::testing::Test {
 protected:
  // Creates a job and gives it to a worker with one slot; returns the lease.
  LeaseId CreateAndGrant(TestWorker& worker, JobRecord job) {
    cell_.Create(std::move(job));
    worker = cell_.Connect("w1", 1);
    cell_.Settle();
    return worker.sink->grants().at(0).lease;
  }
  LeaseId CreateAndGrant(TestWorker& worker, const std::string& id) {
    return CreateAndGrant(worker, CellHarness::NewJob(id));
  }
  // Returns the names of the events so far.
  std::vector<std::string> History(const std::string& id) {
    std::vector<std::string> history;
    const absl::StatusOr<std::vector<JobEventRecord>> events =
        cell_.store.ListJobEvents({"default", id}, 0, 1000);
    for (const JobEventRecord& event : events.value()) {
      history.push_back(std::string(EventName(event.event)));
    }
    return history;
  }
  CellHarness cell_;
};

using Names = std::vector<std::string>;

TEST_F(CellJobs, ASubmitIsAcknowledgedOnlyWhenDurable) {
  const auto answer = cell_.Submit(CellHarness::NewJob("a"));
  cell_.Decide();
  EXPECT_FALSE(answer->has_value());
  cell_.Settle();
  ASSERT_TRUE(answer->has_value() && answer->value().ok());
  EXPECT_EQ(answer->value()->job.record.name.id, "a");
  EXPECT_EQ(answer->value()->job.record.status.wait_reason, WaitReason::kNoWorkerForStage);
  EXPECT_FALSE(answer->value()->existed);
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellJobs, AJobWithAnEarlierResultIsCompletedAsItIsRecordedAndNeverLives) {
  TestWorker worker = cell_.Connect("w1", 1);
  JobRecord job = CellHarness::NewJob("a");
  job.has_earlier_result = true;
  job.result = JobResult{"file:///m", "sha", "{}", 50.0, Verdict::kPassed, {}};
  job.result->outputs.push_back({1, "f-of-another", "file:///o", "o.csv", 1, "sha"});
  FileRecord output;
  output.project = job.name.project;
  output.id = "f-of-another";
  ASSERT_TRUE(cell_.store.CreateFile(output).ok());
  const auto answer = cell_.Submit(std::move(job));
  EXPECT_FALSE(answer->has_value());
  cell_.Settle();
  ASSERT_TRUE(answer->has_value() && answer->value().ok());
  EXPECT_EQ(answer->value()->job.record.status.state, JobState::kCompleted);
  EXPECT_EQ(answer->value()->job.record.result->outputs[0].file_id, "f-of-another");
  EXPECT_TRUE(worker.sink->grants().empty());
  EXPECT_TRUE(cell_.View({})->value()->empty());
  const JobRecord stored = cell_.Stored("a");
  EXPECT_EQ(stored.status.state, JobState::kCompleted);
  EXPECT_EQ(stored.status.end_time, answer->value()->job.record.status.end_time);
  EXPECT_EQ(History("a"), Names{"create"});
  EXPECT_TRUE(absl::IsNotFound(cell_.Cancel("a")->value().status()));
  // One that comes next is given to the worker as ever.
  cell_.Create("b");
  EXPECT_EQ(cell_.StateOf("b"), JobState::kProcessing);
  cell_.TakeOver();
  EXPECT_EQ(cell_.View({})->value()->size(), 1u);
}

TEST_F(CellJobs, AJobThatNoWorkerServesKnowsHowManyAreAhead) {
  cell_.Submit(CellHarness::NewJob("a"));
  const auto answer = cell_.Submit(CellHarness::NewJob("b"));
  cell_.Settle();
  ASSERT_TRUE(answer->has_value() && answer->value().ok());
  EXPECT_EQ(answer->value()->job.record.status.wait_reason, WaitReason::kNoWorkerForStage);
  EXPECT_EQ(answer->value()->job.queue_position, 1);
}

TEST_F(CellJobs, ASubmitWithoutANameGetsOneAndKeysGrow) {
  const auto first = cell_.Submit(CellHarness::NewJob(""));
  JobRecord second_job = CellHarness::NewJob("");
  second_job.request_id = "another";
  const auto second = cell_.Submit(std::move(second_job));
  cell_.Settle();
  EXPECT_EQ(first->value()->job.record.name.id, "j-1");
  EXPECT_EQ(second->value()->job.record.name.id, "j-2");
  EXPECT_LT(first->value()->job.record.key, second->value()->job.record.key);
  EXPECT_EQ(first->value()->job.record.key >> 40, cell_.cell.epoch());
}

TEST_F(CellJobs, ARepeatedSubmitIsAnsweredWithTheEarlierJobAndRunsOnce) {
  cell_.Create("a");
  JobRecord again = CellHarness::NewJob("a");
  const auto repeated = cell_.Submit(again);
  again.request_hash = "other body";
  const auto reused = cell_.Submit(again);
  again.request_id = "fresh";
  const auto taken = cell_.Submit(again);
  cell_.Settle();
  EXPECT_TRUE(repeated->value()->existed);
  EXPECT_EQ(ReasonOf(reused->value().status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(taken->value().status()), "ID_TAKEN");
  const TestWorker worker = cell_.Connect("w1", 9);
  cell_.Settle();
  EXPECT_EQ(worker.sink->grants().size(), 1u);
}

TEST_F(CellJobs, ACompletedJobHasItsResultItsFilesAndNoError) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  CompletedOutcome completed;
  completed.result.manifest_uri = "file:///m";
  completed.result.report_json = "{}";
  for (int16_t kind = 1; kind <= 5; ++kind) completed.result.outputs.emplace_back().kind = kind;
  cell_.ReportAndSettle(worker, lease, completed);
  const JobRecord job = cell_.Stored("a");
  EXPECT_EQ(job.status.state, JobState::kCompleted);
  EXPECT_EQ(job.result->manifest_uri, "file:///m");
  EXPECT_EQ(*cell_.store.GetReportJson({"default", "a"}), "{}");
  Names ids;
  for (const JobOutput& output : job.result->outputs) ids.push_back(output.file_id);
  EXPECT_EQ(ids, (Names{"f-1", "f-2", "f-3", "f-4", "f-5"}));
  EXPECT_EQ(cell_.store.GetFile("default", "f-1")->produced_by, "a");
  EXPECT_EQ(worker.sink->closings(), std::vector<LeaseId>{lease});
  EXPECT_EQ(History("a"), (Names{"create", "claim", "complete"}));
}

TEST_F(CellJobs, OutputsOfOneKindAreFilesOfTheirOwn) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  CompletedOutcome completed;
  completed.result.outputs.resize(2);
  for (JobOutput& output : completed.result.outputs) output.kind = 99;
  cell_.ReportAndSettle(worker, lease, completed);
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCompleted);
  EXPECT_TRUE(cell_.store.GetFile("default", "f-1").ok());
  EXPECT_TRUE(cell_.store.GetFile("default", "f-2").ok());
}

TEST_F(CellJobs, AFileOfAUserCannotStopAJobFromCompleting) {
  FileRecord file;
  file.project = "default";
  file.id = "a-cleaned";
  ASSERT_TRUE(cell_.store.CreateFile(file).ok());
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  CompletedOutcome completed;
  completed.result.outputs.emplace_back().kind = 1;
  cell_.ReportAndSettle(worker, lease, completed);
  EXPECT_TRUE(cell_.cell.IsLeading());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCompleted);
}

TEST_F(CellJobs, ABackoffEndsInTimeWhenTheClockIsSetBack) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  cell_.clock.JumpWall(absl::Hours(1));
  cell_.ReportAndSettle(worker, lease, Failed("FILE_MISSING"));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
  cell_.clock.JumpWall(-absl::Hours(1));
  cell_.Advance(absl::Milliseconds(900));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
  cell_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellJobs, ABackoffThatALeaderWithAWrongClockBeganEndsWithinItsCap) {
  TestWorker worker;
  JobRecord job = CellHarness::NewJob("a");
  job.rules.backoff_cap = absl::Seconds(30);
  const LeaseId lease = CreateAndGrant(worker, std::move(job));
  cell_.clock.JumpWall(absl::Hours(1));
  cell_.ReportAndSettle(worker, lease, Failed("FILE_MISSING"));
  cell_.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
  cell_.clock.JumpWall(-absl::Hours(1));
  cell_.TakeOver();
  cell_.Advance(absl::Seconds(31));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellJobs, AFailureIsRetriedAfterItsBackoffAndThenGivenUp) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.max_attempts = 2;
  job.rules.backoff = absl::Seconds(1);
  TestWorker worker;
  const LeaseId first = CreateAndGrant(worker, job);
  cell_.ReportAndSettle(worker, first, Failed("DISK_FULL"), 1);
  JobRecord stored = cell_.Stored("a");
  EXPECT_EQ(stored.status.state, JobState::kPending);
  EXPECT_EQ(stored.status.wait_reason, WaitReason::kBackoff);
  EXPECT_EQ(stored.status.error.reason, "DISK_FULL");
  cell_.Advance(absl::Milliseconds(999));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
  cell_.Advance(absl::Milliseconds(1));
  const LeaseId second = worker.sink->grants().at(1).lease;
  EXPECT_EQ(second.attempt, 2);
  EXPECT_NE(second.token, first.token);
  cell_.ReportAndSettle(worker, second, Failed("OUT_OF_MEMORY"));
  stored = cell_.Stored("a");
  EXPECT_EQ(stored.status.state, JobState::kFailed);
  EXPECT_EQ(stored.status.charges, 2);
  EXPECT_EQ(stored.status.error.reason, "OUT_OF_MEMORY");
  EXPECT_EQ(History("a"), (Names{"create", "claim", "retry", "ready", "claim", "give_up"}));
}

TEST_F(CellJobs, BadInputFailsAtOnce) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  cell_.ReportAndSettle(worker, lease, FailedForGood("PARSE_FAILED"));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ(cell_.metrics.Failed("PARSE_FAILED"), 1);
}

TEST_F(CellJobs, AReleasedJobIsQueuedAgainUncharged) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  cell_.ReportAndSettle(worker, lease, ReleasedOutcome{});
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
  EXPECT_EQ(cell_.Stored("a").status.charges, 0);
}

TEST_F(CellJobs, ASilentWorkerLosesItsJobAfterTheTtl) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  cell_.Advance(absl::Seconds(10));
  cell_.Report(worker, {Running(lease)});
  cell_.Advance(absl::Milliseconds(14'999));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  cell_.Advance(absl::Milliseconds(1));
  const JobRecord job = cell_.Stored("a");
  EXPECT_EQ(job.status.state, JobState::kPending);
  EXPECT_EQ(job.status.error.reason, "WORKER_LOST");
  EXPECT_EQ(job.status.losses, 1);
  ASSERT_TRUE(worker.sink->closed().has_value()) << "it hears of it when it comes back";
  EXPECT_EQ(ReasonOf(*worker.sink->closed()), "WORKER_SILENT");
}

TEST_F(CellJobs, AWorkerThatForgetsAJobLosesItAfterTheTtlAndIsTold) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  cell_.Report(worker, {Running(lease)});
  for (int i = 0; i < 5; ++i) {
    cell_.Advance(absl::Seconds(3));
    cell_.Report(worker, {});
  }
  EXPECT_EQ(cell_.Stored("a").status.losses, 1);
  ASSERT_EQ(worker.sink->revocations().size(), 1u);
  EXPECT_EQ(worker.sink->revocations()[0].reason, RevokeReason::kLost);
}

TEST_F(CellJobs, AGrantThatAnOutageKeptFromItsWorkerChargesNobody) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.store.SetAvailable(false);
  cell_.Decide();
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(cell_.TryCommit());
    cell_.clock.Advance(absl::Seconds(1));
    cell_.Report(worker, {}, 1);
    cell_.Decide();
  }
  cell_.store.SetAvailable(true);
  cell_.Settle();
  EXPECT_EQ(cell_.Stored("a").status.charges, 0);
  EXPECT_EQ(cell_.Stored("a").status.losses, 0);
  cell_.Report(worker, {}, 1);
  cell_.Settle();
  const std::vector<WorkerGrant> grants = worker.sink->grants();
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(grants[0].lease.attempt, 2);
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
}

TEST_F(CellJobs, TheThirdLostWorkerMakesTheJobPoison) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.max_attempts = 50;
  cell_.Create(job);
  for (int i = 0; i < 3; ++i) {
    TestWorker worker = cell_.Connect("w" + std::to_string(i), 1);
    cell_.Settle();
    cell_.Advance(absl::Seconds(10));
    cell_.cell.CloseSession(cell_.Now(), worker.session);
    cell_.Advance(absl::Minutes(10));  // Longer than any backoff.
  }
  EXPECT_EQ(cell_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ(cell_.Stored("a").status.error.reason, "POISON");
}

TEST_F(CellJobs, AnAttemptThatTakesTooLongIsRevokedHoweverAliveItIs) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.execution_timeout = absl::Seconds(20);
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, job);
  for (int i = 0; i < 10; ++i) {
    cell_.Advance(absl::Seconds(2));
    cell_.Report(worker, {Running(lease)});
  }
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
  EXPECT_EQ(cell_.Stored("a").status.error.reason, "TIMEOUT");
  EXPECT_EQ(worker.sink->revocations().at(0).reason, RevokeReason::kTimeout);
}

TEST_F(CellJobs, AnAttemptWithoutProgressIsStoppedAndChargedAndOneWithProgressIsNot) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.no_progress_timeout = absl::Seconds(10);
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, job);
  for (int i = 0; i < 10; ++i) {
    cell_.Advance(absl::Seconds(3));
    JobProgress progress;
    progress.rows_done = i;
    cell_.Report(worker, {{lease, progress}});
  }
  EXPECT_EQ(cell_.StateOf("a"), JobState::kProcessing);
  for (int i = 0; i < 5; ++i) {
    cell_.Advance(absl::Seconds(3));
    cell_.Report(worker, {Running(lease)});
  }
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
  EXPECT_EQ(cell_.Stored("a").status.error.reason, "NO_PROGRESS");
  EXPECT_EQ(cell_.Stored("a").status.charges, 1);
  EXPECT_EQ(worker.sink->revocations().at(0).reason, RevokeReason::kTimeout);
}

TEST_F(CellJobs, AJobThatDidNotStartByItsDeadlineFails) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.start_deadline = cell_.clock.Now() + absl::Minutes(5);
  cell_.Create(job);
  cell_.Advance(absl::Minutes(4));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
  cell_.Advance(absl::Minutes(1));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kFailed);
  EXPECT_EQ(cell_.Stored("a").status.error.reason, "START_DEADLINE");
  EXPECT_EQ(cell_.Stored("a").status.charges, 0);
}

TEST_F(CellJobs, AStartDeadlineIsMetByTheFirstAttempt) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.start_deadline = cell_.clock.Now() + absl::Seconds(30);
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, job);
  cell_.cell.CloseSession(cell_.Now(), worker.session);
  cell_.Advance(absl::Minutes(2));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kQueued);
}

TEST_F(CellJobs, AJobWaitsForItsTime) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.not_before = cell_.clock.Now() + absl::Hours(1);
  cell_.Create(job);
  EXPECT_EQ(cell_.Stored("a").status.wait_reason, WaitReason::kNotBefore);
  cell_.Advance(absl::Minutes(60) - absl::Seconds(2));
  const TestWorker worker = cell_.Connect("w1", 1);
  cell_.Settle();
  EXPECT_TRUE(worker.sink->grants().empty());
  cell_.Advance(absl::Seconds(2));
  EXPECT_EQ(worker.sink->grants().size(), 1u);
}

TEST_F(CellJobs, AQueuedJobIsCancelledAtOnceAndAcknowledgedWhenDurable) {
  cell_.Create("a");
  const auto answer = cell_.Cancel("a");
  cell_.Decide();
  EXPECT_FALSE(answer->has_value());
  cell_.Settle();
  EXPECT_EQ(answer->value()->record.status.state, JobState::kCancelled);
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCancelled);
  EXPECT_EQ(ReasonOf((*cell_.Cancel("a"))->status()), "NOT_LIVE");
}

TEST_F(CellJobs, ARunningJobIsCancelledByItsWorkerAndACompletionIsRefused) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  const auto answer = cell_.Cancel("a");
  cell_.Settle();
  EXPECT_EQ(answer->value()->record.status.state, JobState::kCancelling);
  EXPECT_EQ(worker.sink->revocations().at(0).reason, RevokeReason::kCancel);
  const auto again = cell_.Cancel("a");
  EXPECT_TRUE((*again)->ok());
  cell_.ReportAndSettle(worker, lease, Completed());
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCancelled);
  EXPECT_FALSE(cell_.Stored("a").result.has_value());
  EXPECT_EQ(worker.sink->closings(), std::vector<LeaseId>{lease});
  EXPECT_EQ(History("a"), (Names{"create", "claim", "request_cancel", "confirm_cancel"}));
}

TEST_F(CellJobs, AWorkerThatMissedTheCancelIsToldAgain) {
  TestWorker worker;
  const LeaseId lease = CreateAndGrant(worker, "a");
  cell_.Cancel("a");
  cell_.Settle();
  cell_.Report(worker, {Running(lease)});
  EXPECT_EQ(worker.sink->revocations().size(), 2u);
  cell_.ReportAndSettle(worker, lease, StoppedOutcome{});
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCancelled);
}

TEST_F(CellJobs, ACancelOfALostWorkersJobEndsWithItsLease) {
  TestWorker worker;
  CreateAndGrant(worker, "a");
  cell_.Cancel("a");
  cell_.Advance(absl::Seconds(15));
  EXPECT_EQ(cell_.StateOf("a"), JobState::kCancelled);
  EXPECT_EQ(History("a").back(), "lose");
}

TEST_F(CellJobs, SeveralStepsInOneBatchBecomeOneRowWithEveryEvent) {
  cell_.Create("a");
  TestWorker worker = cell_.Connect("w1", 1);
  cell_.cell.Tick(cell_.Now());
  cell_.Cancel("a");
  const int64_t commits = cell_.store.CommitCount();
  cell_.Settle();
  EXPECT_EQ(cell_.store.CommitCount(), commits + 1);
  EXPECT_EQ(History("a"), (Names{"create", "claim", "request_cancel"}));
  EXPECT_EQ(cell_.Stored("a").status.version, 3);
}

}  // namespace
}  // namespace dq
