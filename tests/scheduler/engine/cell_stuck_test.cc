// Jobs that do not get on: found, diagnosed, recovered.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

class CellStuck : public ::testing::Test {
 protected:
  StuckList List(StuckQuery query = {}) {
    query.limit = 100;
    const auto list = cell_.cell.ListStuck(cell_.Now(), query);
    EXPECT_TRUE(list.ok()) << list.status();
    return *list;
  }
  // Runs job `id` on a worker that goes on reporting the same.
  void Stall(const std::string& id, absl::Duration length) {
    cell_.Create(id);
    if (worker_.sink == nullptr) worker_ = cell_.Connect("w1", 1);
    cell_.Settle();
    lease_ = worker_.sink->grants().back().lease;
    for (absl::Duration past; past < length; past += absl::Seconds(5)) {
      cell_.Report(worker_, {Running(lease_)}, 0);
      cell_.Advance(absl::Seconds(5));
    }
  }
  absl::StatusOr<JobView> Recover(const std::string& id, RecoverAction action, int64_t version) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<JobView>>>();
    cell_.cell.Recover(cell_.Now(), {"default", id}, {action, version, "its disk is full", "alice"},
                       [answer](absl::StatusOr<JobView> view) { *answer = std::move(view); });
    cell_.Settle();
    return answer->value();
  }

  CellHarness cell_;
  TestWorker worker_;
  LeaseId lease_;
};

TEST_F(CellStuck, AJobWithoutProgressIsToldOfOnceItIsTooLong) {
  Stall("a", absl::Minutes(4));
  EXPECT_EQ(List().total, 0);
  cell_.Report(worker_, {Running(lease_)}, 0);
  StuckQuery query;
  query.limits.no_progress_for = absl::Minutes(2);
  const StuckList list = List(query);
  ASSERT_EQ(list.jobs.size(), 1u);
  EXPECT_EQ(list.total, 1);
  EXPECT_EQ(list.jobs[0].diagnosis, StuckDiagnosis::kNoProgress);
  EXPECT_GE(list.jobs[0].no_progress_for, absl::Minutes(3));
  EXPECT_TRUE(list.jobs[0].worker_connected);
  query.project = "other";
  EXPECT_EQ(List(query).total, 0);
  query.project.clear();
  query.diagnosis = StuckDiagnosis::kNoWorker;
  EXPECT_EQ(List(query).total, 0);
}

TEST_F(CellStuck, AReleasedJobIsQueuedUnchargedAndItsWorkerIsToldToStop) {
  Stall("a", absl::Minutes(1));
  const int64_t version = cell_.Stored("a").status.version;
  const auto changed = Recover("a", RecoverAction::kRelease, version - 1);
  EXPECT_EQ(ReasonOf(changed.status()), "JOB_CHANGED");
  const auto released = Recover("a", RecoverAction::kRelease, version);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->record.status.state, JobState::kQueued);
  EXPECT_EQ(released->record.status.charges, 0);
  EXPECT_EQ(worker_.sink->revocations().back().lease, lease_);
  EXPECT_EQ(cell_.store.Events().begin()->second.back().actor, "alice");
}

TEST_F(CellStuck, ARetriedJobIsChargedAndAFailedOneIsFailed) {
  Stall("a", absl::Minutes(1));
  const auto retried = Recover("a", RecoverAction::kRetry, cell_.Stored("a").status.version);
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->record.status.charges, 1);
  EXPECT_EQ(retried->record.status.error.reason, "RECOVERED");
  EXPECT_EQ(cell_.StateOf("a"), JobState::kPending);
  const auto failed = Recover("a", RecoverAction::kFail, cell_.Stored("a").status.version);
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_EQ(failed->record.status.state, JobState::kFailed);
  EXPECT_EQ(cell_.Stored("a").status.state, JobState::kFailed);
}

TEST_F(CellStuck, AJobThatNoWorkerTakesIsToldOfAndCanOnlyFail) {
  cell_.Connect("w1", 1, {}, {"dedupe"});
  cell_.Create("a");
  EXPECT_EQ(List().total, 0);
  cell_.Advance(absl::Seconds(61));
  const StuckList list = List();
  ASSERT_EQ(list.jobs.size(), 1u);
  EXPECT_EQ(list.jobs[0].diagnosis, StuckDiagnosis::kNoWorker);
  EXPECT_GE(list.jobs[0].waiting_for, absl::Seconds(61));
  const int64_t version = cell_.Stored("a").status.version;
  EXPECT_EQ(ReasonOf(Recover("a", RecoverAction::kRelease, version).status()),
            "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Recover("a", RecoverAction::kFail, version).ok());
  EXPECT_EQ(cell_.Stored("a").status.error.reason, "RECOVERED");
  EXPECT_EQ(List().total, 0);
}

TEST_F(CellStuck, WhereOnlyRunningJobsAreMeantThoseThatWaitForAWorkerAreLeftOut) {
  JobRecord waits = CellHarness::NewJob("waits");
  waits.rules.stages = {"dedupe"};
  cell_.Create(waits);
  Stall("runs", absl::Minutes(6));
  EXPECT_EQ(List().total, 2);
  StuckQuery query;
  query.only_running = true;
  const StuckList list = List(query);
  ASSERT_EQ(list.total, 1);
  EXPECT_EQ(list.jobs[0].job.record.name.id, "runs");
}

TEST_F(CellStuck, AJobThatMetAFreeWorkerAsItCameIsJudgedFromItsGrantOn) {
  worker_ = cell_.Connect("w1", 1);
  cell_.Settle();
  Stall("a", absl::Minutes(4));
  EXPECT_EQ(List().total, 0);
  StuckQuery query;
  query.limits.no_progress_for = absl::Minutes(3);
  const StuckList list = List(query);
  ASSERT_EQ(list.jobs.size(), 1u);
  EXPECT_LE(list.jobs[0].lease_age, absl::Minutes(5));
  EXPECT_LE(list.jobs[0].no_progress_for, absl::Minutes(5));
}

TEST_F(CellStuck, ACancelThatIsNotConfirmedIsTakenFromItsWorker) {
  Stall("a", absl::Seconds(10));
  cell_.Cancel("a");
  cell_.Settle();
  for (int i = 0; i < 61; ++i) {
    cell_.Report(worker_, {Running(lease_)}, 0);
    cell_.Advance(absl::Seconds(5));
  }
  cell_.Report(worker_, {Running(lease_)}, 0);
  const StuckList list = List();
  ASSERT_EQ(list.jobs.size(), 1u);
  EXPECT_EQ(list.jobs[0].diagnosis, StuckDiagnosis::kNotStopping);
  const auto released =
      Recover("a", RecoverAction::kRelease, list.jobs[0].job.record.status.version);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->record.status.state, JobState::kCancelled);
}

TEST_F(CellStuck, TheListGoesOnAfterAKey) {
  cell_.Create("a");
  cell_.Create("b");
  cell_.Advance(absl::Minutes(2));
  StuckQuery query;
  query.limit = 1;
  const StuckList first = *cell_.cell.ListStuck(cell_.Now(), query);
  ASSERT_EQ(first.jobs.size(), 1u);
  EXPECT_EQ(first.total, 2);
  EXPECT_EQ(first.jobs[0].job.record.name.id, "a");
  query.after = first.jobs[0].key;
  EXPECT_EQ(cell_.cell.ListStuck(cell_.Now(), query)->jobs[0].job.record.name.id, "b");
}

TEST_F(CellStuck, GroupsSayWhatRunsAndWaits) {
  JobRecord job = CellHarness::NewJob("a");
  job.rules.concurrency_key = "customer";
  job.rules.concurrency_max = 1;
  cell_.Create(job);
  job = CellHarness::NewJob("b");
  job.rules.concurrency_key = "customer";
  job.rules.concurrency_max = 1;
  cell_.Create(job);
  cell_.Create("c");
  cell_.Connect("w1", 2);
  cell_.Settle();
  const auto groups = *cell_.cell.ListGroups(
      {{GroupKind::kProject, GroupKind::kQueue, GroupKind::kConcurrencyKey}, "", 10});
  ASSERT_EQ(groups.size(), 3u);
  for (const GroupView& group : groups) {
    const bool is_key = group.limit.kind == GroupKind::kConcurrencyKey;
    EXPECT_EQ(group.running, is_key ? 1 : 2);
    EXPECT_EQ(group.waiting, 1);
    EXPECT_EQ(group.live, is_key ? 2 : 3);
  }
  EXPECT_EQ(groups[2].limit.name, "default/customer");
  EXPECT_EQ(groups[2].limit.running_max, 1);
}

}  // namespace
}  // namespace dq
