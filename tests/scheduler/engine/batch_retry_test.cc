// Batches that are retried, whose files come and go, and that are in trouble.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/scheduler/engine/batch_world.h"

namespace dq {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;

using BatchRetryTest = BatchRunnerTest;

TEST_F(BatchRetryTest, AJobStaysItsOperationWhenItsFileIsDeletedBeforeTheRetry) {
  Create({}, {"1", "2", "3", "4"});
  InputFiles files;
  files.Delete(3);
  files.Delete(4);
  Replica replica("s1", store_, files.maker());
  Worker worker(replica.scheduler(), 2);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(View().record.refused, 2);
  files.Delete(1);
  files.Delete(2);
  files.PutBack(4);
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(View().record.refused, 1);
  EXPECT_EQ(CountOperations(View()).completed, 3);
  EXPECT_EQ(State(), BatchState::kPartialSuccess);
  EXPECT_EQ((*store_.LoadOperations(View().record.key, 2, 2))[0].refusal, "no such file");
  EXPECT_EQ((*store_.LoadOperations(View().record.key, 2, 2))[1].refusal, "");
}

TEST_F(BatchRetryTest, ARetriedSequenceMakesARefusedOperationWhenItIsItsTurn) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  batch.stop_on_error = true;
  Create(batch, {"1", "2", "3", "4", "5"});
  InputFiles files;
  files.Delete(2);
  Replica replica("s1", store_, files.maker());
  Worker worker(replica.scheduler(), 3);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(CountOperations(View()).skipped, 3);
  files.PutBack(2);
  files.Delete(1);
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_THAT(worker.Granted(), ElementsAre("b-1", "b-2", "b-3", "b-4", "b-5"));
}

TEST_F(BatchRetryTest, ARetriedSequenceStopsAtAnOperationThatIsRefusedAgain) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  batch.stop_on_error = true;
  Create(batch, {"1", kImpossible, "3"});
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 3);
  ASSERT_TRUE(RunToEnd(worker));
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(View().record.refused, 1);
  EXPECT_EQ(View().record.desire, BatchDesire::kStop);
  EXPECT_THAT(States(), ElementsAre(JobState::kCompleted, JobState::kSkipped));
  EXPECT_THAT(worker.Granted(), ElementsAre("b-1"));
}

TEST_F(BatchRetryTest, ASequenceWithoutStopOnErrorPassesOverWhatIsRefusedAgain) {
  BatchRecord batch;
  batch.mode = BatchMode::kSequential;
  Create(batch, {kBroken, kImpossible, kBroken, "4"});
  InputFiles files;
  files.Delete(4);
  Replica replica("s1", store_, files.maker());
  Worker worker(replica.scheduler(), 3);
  ASSERT_TRUE(RunToEnd(worker));
  files.PutBack(4);
  worker.mended = true;
  Retry(replica);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(View().record.refused, 1);
  EXPECT_THAT(States(),
              ElementsAre(JobState::kCompleted, JobState::kCompleted, JobState::kCompleted));
  EXPECT_THAT(worker.Granted(), ElementsAre("b-1", "b-3", "b-1", "b-3", "b-4"));
}

TEST_F(BatchRetryTest, AParallelRetryThatStopsOnErrorsReopensNoMoreOnceOneHasFailedAgain) {
  BatchRecord batch;
  batch.stop_on_error = true;
  std::vector<std::string> requests(kOperationsLiveMax + 700, "x");
  requests.front() = kBroken;
  Create(batch, requests);
  Replica replica("s1", store_);
  Worker worker(replica.scheduler(), 1);
  const auto fail_first = [&](size_t grants) {
    return WaitUntil([&] { return worker.Granted().size() == grants; }) && WaitUntil([&] {
             if (CountOperations(View()).failed == 0) worker.Work();
             return View().record.desire == BatchDesire::kStop;
           });
  };
  ASSERT_TRUE(fail_first(1));
  ASSERT_TRUE(RunToEnd(worker));
  const size_t granted = worker.Granted().size();
  Retry(replica);
  ASSERT_TRUE(WaitUntil([&] { return View().record.reopen_from > kOperationsLiveMax; }));
  ASSERT_TRUE(fail_first(granted + 1));
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_GE(CountOperations(View()).skipped, 700);
}

TEST_F(BatchRetryTest, AnOperationOfACancelledBatchThatAPersonRunsAgainIsCancelledByACancel) {
  Create({}, {"1", "2"});
  Replica replica("s1", store_);
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).queued == 2; }));
  Ask(replica, WishCancel);
  ASSERT_TRUE(WaitUntil([&] { return HasEnded(); }));
  const auto skipped =
      store_.ListOperationJobs(View().record.key, 0, {JobState::kSkipped}, 1)->front();
  ReopenOperation(replica, skipped);
  ASSERT_EQ(CountOperations(View()).queued, 1);
  EXPECT_EQ(State(), BatchState::kProcessing);
  Ask(replica, WishCancel);
  ASSERT_TRUE(WaitUntil([&] { return CountOperations(View()).skipped == 2 && HasEnded(); }));
  EXPECT_EQ(State(), BatchState::kCancelled);
}

// A batch that is led by one replica after the other, while commits fail and people change their
// minds.
class TroubledBatchTest : public BatchRunnerTest, public ::testing::WithParamInterface<uint32_t> {
 protected:
  uint32_t Draw(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  void CreateSome() {
    BatchRecord batch;
    batch.mode = Draw(2) == 0 ? BatchMode::kParallel : BatchMode::kSequential;
    batch.stop_on_error = Draw(3) == 0;
    std::vector<std::string> requests(1 + Draw(10), "x");
    for (std::string& request : requests) {
      if (Draw(5) == 0) request = kBroken;
    }
    Create(batch, requests);
  }
  void DeleteAndPutBackFiles() {
    for (int32_t index = 1; index <= View().record.operations; ++index) {
      if (Draw(8) == 0) files_.Delete(index);
      if (Draw(8) == 0) files_.PutBack(index);
    }
  }
  void MakeTrouble(Replica& replica) {
    std::vector<CommitFault> faults;
    for (uint32_t i = Draw(4); i > 0; --i) {
      faults.push_back(Draw(2) == 0 ? CommitFault::kWrittenButNotTold : CommitFault::kNotWritten);
    }
    if (Draw(6) == 0) faults.push_back(CommitFault::kFenced);
    store_.FailNextCommits(faults);
    const uint32_t wish = Draw(12);
    const auto wished = wish == 0   ? WishCancel
                        : wish < 3  ? WishPause
                        : wish < 6  ? WishResume
                        : wish == 6 ? WishRetry
                                    : nullptr;
    if (wished == nullptr) return;
    absl::StatusOr<BatchRecord> record = wished(View(), SystemClock().Now());
    if (!record.ok()) return;
    if (store_.UpdateBatch(*record, {}).ok() && wish == 0) is_cancelled_ = true;
    replica.runner().Wake(record->key);
  }
  // Expects that no operation of a sequence was granted before the one before it had ended.
  void ExpectOrder() {
    std::map<int32_t, absl::Time> first_end;
    std::map<int32_t, absl::Time> first_claim;
    const auto events = store_.Events();
    for (const auto& [key, job] : store_.Jobs()) {
      for (const JobEventRecord& event : events.at(key)) {
        if (event.event == JobEvent::kClaim) first_claim.try_emplace(job.batch.index, event.time);
        if (IsTerminal(event.to)) first_end.try_emplace(job.batch.index, event.time);
      }
    }
    for (const auto& [index, time] : first_claim) {
      if (const auto before = first_end.find(index - 1); before != first_end.end()) {
        EXPECT_GE(time, before->second) << "operation " << index;
      }
    }
  }

  std::mt19937 random_{GetParam()};
  InputFiles files_;
  bool is_cancelled_ = false;
};
INSTANTIATE_TEST_SUITE_P(Seeds, TroubledBatchTest, ::testing::Range(1U, 17U));

TEST_P(TroubledBatchTest, MakesEveryOperationOnceAndEndsWhoeverLeads) {
  CreateSome();
  for (int life = 0; life < 6; ++life) {
    Replica replica("s" + std::to_string(life), store_, files_.maker());
    Worker worker(replica.scheduler(), 2);
    for (uint32_t rounds = 1 + Draw(6); rounds > 0; --rounds) {
      MakeTrouble(replica);
      DeleteAndPutBackFiles();
      const int64_t commits = store_.CommitCount();
      worker.Work();
      (void)WaitUntil([&] { return store_.CommitCount() > commits || HasEnded(); },
                      absl::Milliseconds(20));
    }
  }
  store_.FailNextCommits({});
  Replica last("last", store_, files_.maker());
  const absl::StatusOr<BatchRecord> resumed = WishResume(View(), SystemClock().Now());
  if (resumed.ok()) Wish(last, [](BatchRecord& batch) { batch.desire = BatchDesire::kResume; });
  Worker worker(last.scheduler(), 2);
  ASSERT_TRUE(RunToEnd(worker));
  const BatchView view = View();
  EXPECT_TRUE(IsSettled(view));
  std::set<int32_t> indices;
  for (const auto& [key, job] : store_.Jobs()) EXPECT_TRUE(indices.insert(job.batch.index).second);
  EXPECT_EQ(std::ssize(indices) + view.record.refused, view.record.operations);
  if (is_cancelled_ && view.record.retries == 0) {
    EXPECT_THAT(RollUp(view), AnyOf(BatchState::kCancelled, BatchState::kCompleted));
  }
  if (view.record.mode == BatchMode::kSequential && view.record.retries == 0) ExpectOrder();
}

}  // namespace
}  // namespace dq
