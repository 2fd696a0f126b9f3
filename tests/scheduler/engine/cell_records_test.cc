// A backlog of which a leader has the places in memory and few records.
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

constexpr int kBacklogJobs = 50'000;

SchedulerOptions Windowed(int records) {
  SchedulerOptions options;
  options.waiting_records_max = records;
  return options;
}

std::string Id(int number) { return "j" + std::to_string(number); }

// Jobs of three priorities in turn.
std::vector<JobRecord> Backlog(int count) {
  std::vector<JobRecord> jobs;
  for (int i = 0; i < count; ++i) {
    jobs.push_back(CellHarness::NewJob(Id(i)));
    jobs.back().rules.priority = i % 3;
  }
  return jobs;
}

void SubmitAll(CellHarness& h, std::vector<JobRecord> jobs) {
  h.cell.SubmitAll(h.Now(), std::move(jobs), [](const auto& outcomes) {
    for (const BulkOutcome& outcome : *outcomes) ASSERT_TRUE(outcome.status.ok());
  });
  h.Settle();
}

void ChangeLeader(CellHarness& h) {
  h.cell.StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
  h.TakeOver();
}

// Has a worker run everything; returns the jobs in the order in which they were granted.
std::vector<JobRecord> RunAll(CellHarness& h, int slots) {
  std::vector<JobRecord> order;
  TestWorker worker = h.Connect("w1", slots);
  h.Report(worker, {}, slots);
  h.Settle();
  while (true) {
    std::vector<LeaseReport> ended;
    for (const WorkerTurn& turn : worker.sink->Take()) {
      for (const WorkerGrant& grant : turn.grants) {
        order.push_back(h.Stored(grant.lease.job.id));
        ended.push_back({grant.lease, Completed()});
      }
    }
    if (ended.empty()) return order;
    h.Report(worker, ended, slots);
    h.Settle();
  }
}

void ExpectInOrder(const std::vector<JobRecord>& jobs) {
  const auto rank = [](const JobRecord& job) { return std::pair(-job.rules.priority, job.key); };
  EXPECT_TRUE(std::ranges::is_sorted(jobs, {}, rank));
}

TEST(CellRecords, ANewLeaderWithASmallWindowRunsALongBacklogOnceAndInOrder) {
  CellHarness h(Windowed(300));
  SubmitAll(h, Backlog(kBacklogJobs));
  ChangeLeader(h);
  const std::vector<JobRecord> order = RunAll(h, 200);
  EXPECT_EQ(order.size(), static_cast<size_t>(kBacklogJobs));
  ExpectInOrder(order);
  EXPECT_EQ(h.store.LoadStateCounts()->at(JobState::kCompleted), kBacklogJobs);
}

TEST(CellRecords, ALeaderThatTookTheBacklogItselfRunsItOnceAndInOrder) {
  CellHarness h(Windowed(10));
  SubmitAll(h, Backlog(1000));
  const std::vector<JobRecord> order = RunAll(h, 7);
  EXPECT_EQ(order.size(), 1000u);
  ExpectInOrder(order);
}

TEST(CellRecords, AJobFarFromItsTurnIsCancelledPausedAndResumedByName) {
  CellHarness h(Windowed(2));
  SubmitAll(h, Backlog(30));
  ChangeLeader(h);
  const auto cancelled = h.Cancel(Id(27));
  h.cell.Pause(h.Now(), {"default", Id(24)}, "", "tester", [](const auto&) {});
  h.Settle();
  ASSERT_TRUE((*cancelled)->ok());
  EXPECT_EQ(h.StateOf(Id(27)), JobState::kCancelled);
  EXPECT_EQ(h.StateOf(Id(24)), JobState::kPaused);
  ChangeLeader(h);
  h.cell.Resume(h.Now(), {"default", Id(24)}, "", "tester", [](const auto&) {});
  h.Settle();
  EXPECT_EQ(h.StateOf(Id(24)), JobState::kQueued);
  EXPECT_EQ(RunAll(h, 3).size(), 29u);
}

TEST(CellRecords, ACommandOnAnUnknownNameIsToldSoOnceTheDatabaseWasAsked) {
  CellHarness h(Windowed(1));
  SubmitAll(h, Backlog(5));
  const auto answer = h.Cancel("none");
  EXPECT_FALSE(answer->has_value());
  h.Settle();
  EXPECT_EQ(ReasonOf((*answer)->status()), "NOT_LIVE");
}

TEST(CellRecords, AFailedReadIsNotTriedAgainBeforeTheDatabaseIsBack) {
  CellHarness h(Windowed(1));
  SubmitAll(h, Backlog(5));
  ChangeLeader(h);
  ASSERT_TRUE(h.cell.RecordsToLoad(h.Now()).has_value());
  EXPECT_TRUE(h.cell.RecordsLoaded(h.Now(), absl::UnavailableError("away")).ok());
  h.cell.DatabaseLost(h.Now());
  h.clock.Advance(absl::Seconds(1));
  EXPECT_FALSE(h.cell.RecordsToLoad(h.Now()).has_value());
  EXPECT_GT(h.cell.NextDue(h.Now()), h.clock.Boot()) << "who is asked again at once never waits";
  h.cell.DatabaseFound(h.Now());
  EXPECT_LE(h.cell.NextDue(h.Now()), h.clock.Boot());
  EXPECT_TRUE(h.cell.RecordsToLoad(h.Now()).has_value());
}

TEST(CellRecords, WhoAsksWhileANameIsReadIsAnsweredByAReadOfItsOwn) {
  CellHarness h(Windowed(1));
  SubmitAll(h, Backlog(5));
  const auto first = h.Cancel("none");
  const std::optional<RecordsRequest> request = h.cell.RecordsToLoad(h.Now());
  ASSERT_TRUE(request.has_value());
  const auto second = h.Cancel("none");
  EXPECT_TRUE(h.cell.RecordsLoaded(h.Now(), h.store.LoadJobs(request->keys, request->names)).ok());
  EXPECT_TRUE(first->has_value());
  EXPECT_FALSE(second->has_value()) << "what was read may be older than the question";
  h.Settle();
  EXPECT_TRUE(second->has_value());
}

TEST(CellRecords, AJobFarFromItsTurnTellsWhyItWaitsAndWhereItStands) {
  CellHarness h(Windowed(2));
  SubmitAll(h, Backlog(30));
  ChangeLeader(h);
  h.Connect("w1", 1);
  std::vector<JobView> views;
  h.cell.ShowRecords(h.Now(), {h.Stored(Id(27)), h.Stored(Id(2))},
                     [&](const auto& shown) { views = *shown; });
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0].queue_position, 29) << "behind 20 of higher priority and 9 older ones";
  EXPECT_EQ(views[0].record.status.wait_reason, WaitReason::kBehindOthers);
  EXPECT_EQ(views[1].queue_position, 0);
}

TEST(CellRecords, WhileTheDatabaseIsAwayACommandOnAnAbsentJobIsRefused) {
  CellHarness h(Windowed(1));
  SubmitAll(h, Backlog(9));
  const auto answer = h.Cancel(Id(3));
  h.cell.DatabaseLost(h.Now());
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "DATABASE_UNAVAILABLE");
}

TEST(CellRecords, AReadThatFailsIsRepeated) {
  CellHarness h(Windowed(4));
  SubmitAll(h, Backlog(9));
  ChangeLeader(h);
  TestWorker worker = h.Connect("w1", 1);
  h.Report(worker, {}, 1);
  h.cell.Tick(h.Now());
  ASSERT_TRUE(h.cell.RecordsToLoad(h.Now()).has_value());
  EXPECT_TRUE(h.cell.RecordsLoaded(h.Now(), absl::UnavailableError("broke")).ok());
  EXPECT_FALSE(h.cell.RecordsToLoad(h.Now()).has_value());
  h.Advance(absl::Milliseconds(200));
  EXPECT_EQ(worker.sink->grants().size(), 1u);
}

TEST(CellRecords, ADatabaseThatDoesNotHoldAWaitingJobContradictsMemory) {
  CellHarness h(Windowed(4));
  SubmitAll(h, Backlog(9));
  ChangeLeader(h);
  ASSERT_TRUE(h.cell.RecordsToLoad(h.Now()).has_value());
  const absl::Status fits = h.cell.RecordsLoaded(h.Now(), std::vector<JobRecord>());
  EXPECT_EQ(ReasonOf(fits), "FENCED");
}

TEST(CellRecords, LiveJobsAreLimitedThoughTheirRecordsAreAbsent) {
  CellHarness h(Windowed(1));
  SubmitAll(h, Backlog(6));
  ChangeLeader(h);
  GroupLimit limit;
  limit.name = "default";
  limit.live_max = 7;
  EXPECT_EQ(h.cell.SetLimit(limit)->live, 6);
  const auto last = h.Submit(CellHarness::NewJob("last"));
  const auto refused = h.Submit(CellHarness::NewJob("refused"));
  h.Settle();
  EXPECT_TRUE((*last)->ok());
  EXPECT_EQ(ReasonOf((*refused)->status()), "QUOTA");
  EXPECT_EQ(RunAll(h, 2).size(), 7u);
  EXPECT_EQ(h.cell.SetLimit(limit)->live, 0);
}

TEST(CellRecords, TheOldestJobsAgeIsToldOnceItsRecordWasRead) {
  CellHarness h(Windowed(1));
  JobRecord oldest = CellHarness::NewJob("oldest");
  oldest.rules.priority = -5;
  SubmitAll(h, {oldest});
  SubmitAll(h, Backlog(5));
  ChangeLeader(h);
  h.Settle();
  EXPECT_FALSE(h.cell.GetStats(h.Now())->oldest_queued_age.has_value());
  h.Settle();
  EXPECT_GE(h.cell.GetStats(h.Now())->oldest_queued_age, absl::Seconds(10));
}

}  // namespace
}  // namespace dq
