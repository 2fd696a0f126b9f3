// Ended jobs that are being deleted: what is kept from them meanwhile, and what is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Reserved = std::shared_ptr<std::optional<absl::StatusOr<DeletionReservation>>>;

class CellDeletion : public ::testing::Test {
 protected:
  static JobName Name(const std::string& id) { return {"default", id}; }
  // Creates a job that has ended.
  void Cancelled(const std::string& id) {
    h_.Create(id);
    h_.Cancel(id);
    h_.Settle();
  }
  Reserved Reserve(const std::vector<std::string>& ids) {
    std::vector<JobName> names;
    for (const std::string& id : ids) names.push_back(Name(id));
    auto answer = std::make_shared<std::optional<absl::StatusOr<DeletionReservation>>>();
    h_.cell.ReserveDeletion(h_.Now(), names,
                            [answer](absl::StatusOr<DeletionReservation> reservation) {
                              *answer = std::move(reservation);
                            });
    return answer;
  }
  // Deletes what is reserved from the record, and says so.
  void Delete(const Reserved& reserved) {
    const DeletionReservation& reservation = ***reserved;
    std::vector<JobToDelete> jobs;
    for (const JobName& name : reservation.names) jobs.push_back({name});
    const auto deletions =
        h_.store.DeleteJobs(jobs, {{"tester", "why", h_.clock.Now()}, reservation.epoch, false});
    ASSERT_TRUE(deletions.ok()) << deletions.status();
    std::vector<DeletedJob> deleted;
    for (size_t i = 0; i < jobs.size(); ++i) {
      ASSERT_EQ(deletions->outcomes[i].outcome, DeletionOutcome::kDeleted);
      deleted.push_back({jobs[i].name, deletions->outcomes[i].state});
    }
    h_.cell.EndDeletion(h_.Now(), reservation, deleted);
    h_.watches.Deliver();
  }
  std::string ReasonOfReopening(const std::string& id) {
    std::string reason = "no answer";
    h_.cell.ReserveReopen(h_.Now(), Name(id), [&](const absl::StatusOr<int64_t>& place) {
      reason = ReasonOf(place.status());
    });
    return reason;
  }

  CellHarness h_;
};

TEST_F(CellDeletion, ADeletedJobIsCountedNoMoreAndWatchersAreTold) {
  auto watcher = std::make_shared<RecordingWatchSink>();
  ASSERT_TRUE(h_.watches.Open("default", 0, watcher).ok());
  Cancelled("a");
  h_.Create("b");
  const Reserved reserved = Reserve({"a"});
  ASSERT_TRUE(reserved->has_value());
  Delete(reserved);
  EXPECT_EQ(h_.metrics.InState(JobState::kCancelled), 0);
  EXPECT_EQ(h_.metrics.InState(JobState::kQueued), 1);
  const JobChange told = watcher->changes().back();
  EXPECT_TRUE(told.is_deletion);
  EXPECT_EQ(told.view->record.name, Name("a"));
  EXPECT_FALSE(watcher->changes().front().is_deletion);
}

TEST_F(CellDeletion, AJobThatLivesIsRefusedAndTheOthersAreNot) {
  h_.Create("live");
  Cancelled("ended");
  const Reserved reserved = Reserve({"live", "ended"});
  ASSERT_TRUE((*reserved)->ok());
  EXPECT_EQ(ReasonOf((**reserved)->refusals[0]), "ILLEGAL_TRANSITION");
  EXPECT_TRUE((**reserved)->refusals[1].ok());
  EXPECT_THAT((**reserved)->names, ElementsAre(Name("ended")));
}

TEST_F(CellDeletion, NobodyElseChangesAJobThatIsBeingDeleted) {
  Cancelled("a");
  const Reserved first = Reserve({"a"});
  EXPECT_EQ(ReasonOfReopening("a"), "JOB_NOT_LOADED");
  const Reserved second = Reserve({"a"});
  EXPECT_EQ(ReasonOf((**second)->refusals[0]), "JOB_NOT_LOADED");
  EXPECT_THAT((**second)->names, IsEmpty());
  h_.cell.EndDeletion(h_.Now(), ***second, {});
  EXPECT_EQ(ReasonOfReopening("a"), "JOB_NOT_LOADED") << "the first goes on";
  h_.cell.EndDeletion(h_.Now(), ***first, {});
  EXPECT_EQ(ReasonOfReopening("a"), "");
  EXPECT_EQ(ReasonOf((**Reserve({"a"}))->refusals[0]), "JOB_NOT_LOADED") << "it is being retried";
}

TEST_F(CellDeletion, WhatWasDecidedBeforeIsDurableWhenItIsReserved) {
  h_.Create("a");
  h_.Cancel("a");
  const Reserved reserved = Reserve({"a"});
  EXPECT_FALSE(reserved->has_value());
  h_.Settle();
  ASSERT_TRUE(reserved->has_value());
  ASSERT_TRUE((**reserved)->refusals[0].ok());
  Delete(reserved);
}

TEST_F(CellDeletion, AnOutageEndsTheReservation) {
  h_.Create("a");
  h_.Cancel("a");
  const Reserved reserved = Reserve({"a"});
  h_.cell.DatabaseLost(h_.Now());
  ASSERT_TRUE(reserved->has_value());
  EXPECT_EQ(ReasonOf((*reserved)->status()), "DATABASE_UNAVAILABLE");
  h_.Settle();
  EXPECT_EQ(ReasonOfReopening("a"), "");
}

TEST_F(CellDeletion, AReservationOfAnEarlierLeadershipMeansNothing) {
  Cancelled("a");
  const Reserved reserved = Reserve({"a"});
  h_.cell.StepDown(absl::UnavailableError("test"));
  h_.TakeOver();
  h_.cell.EndDeletion(h_.Now(), ***reserved, {{Name("a"), JobState::kCancelled}});
  EXPECT_EQ(h_.metrics.InState(JobState::kCancelled), 1);
  const auto deletions = h_.store.DeleteJobs(
      {{Name("a")}}, {{"tester", "", h_.clock.Now()}, (**reserved)->epoch, false});
  EXPECT_EQ(ReasonOf(deletions.status()), "NOT_LEADER");
}

TEST_F(CellDeletion, NoNewJobCanDependOnOneThatIsBeingDeleted) {
  Cancelled("a");
  const Reserved reserved = Reserve({"a"});
  JobRecord dependent = CellHarness::NewJob("b");
  dependent.dependencies = {{.id = "a"}};
  const auto submitted = h_.Submit(dependent);
  h_.Settle();
  h_.Settle();
  ASSERT_TRUE(submitted->has_value());
  EXPECT_EQ(ReasonOf((*submitted)->status()), "DEPENDENCY_MISSING");
  Delete(reserved);
  dependent.request_id = "again";
  const auto again = h_.Submit(dependent);
  h_.Settle();
  h_.Settle();
  EXPECT_EQ(ReasonOf((*again)->status()), "DEPENDENCY_MISSING");
}

TEST_F(CellDeletion, ANewLeaderLetsAJobGoWhoseDependenciesAreThereNoMore) {
  h_.Create("a");
  JobRecord dependent = CellHarness::NewJob("b");
  dependent.dependencies = {{.id = "a"}};
  h_.Create(dependent);
  h_.Settle();
  ASSERT_EQ(h_.StateOf("b"), JobState::kPending);
  h_.cell.StepDown(absl::UnavailableError("test"));
  LiveJobs live = *h_.store.LoadLiveJobs(0, 100, {});
  for (JobRecord& job : live.jobs) job.dependencies.clear();
  h_.clock.Advance(absl::Seconds(10));
  const int64_t epoch = h_.store.AcquireLeadership("other", "", absl::Seconds(5))->epoch;
  h_.cell.TakeOver(h_.Now(), epoch, std::move(live), *h_.store.LoadStateCounts());
  h_.Settle();
  EXPECT_EQ(h_.StateOf("b"), JobState::kQueued);
}

}  // namespace
}  // namespace dq
