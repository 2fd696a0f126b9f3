#include "scheduler/core/batch_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "scheduler/core/batch_rollup.h"
#include "scheduler/core/batch_wish.h"

namespace dq {

// For readable failures.
void PrintTo(const BatchStep& step, std::ostream* out) {
  *out << "action " << static_cast<int>(step.action) << " count " << step.count;
}

namespace {

using enum BatchAction;

BatchView View(int32_t operations, int32_t made, std::map<JobState, int64_t> jobs,
               BatchDesire desire = BatchDesire::kRun) {
  BatchView view;
  view.record.operations = operations;
  view.record.made = made;
  view.record.desire = desire;
  view.jobs = std::move(jobs);
  return view;
}

BatchView Sequence(BatchView view) {
  view.record.mode = BatchMode::kSequential;
  return view;
}

BatchView StoppingOnError(BatchView view) {
  view.record.stop_on_error = true;
  return view;
}

BatchStep Only(BatchAction action) { return {action, 0}; }

TEST(BatchPlan, AParallelBatchIsMadePageByPageUntilAsManyLiveAsMay) {
  EXPECT_EQ(NextStep(View(50, 0, {})), (BatchStep{kMake, 50}));
  EXPECT_EQ(NextStep(View(10'000, 0, {})), (BatchStep{kMake, 500}));
  EXPECT_EQ(NextStep(View(10'000, 2000, {{JobState::kQueued, 2000}})), Only(kWait));
  EXPECT_EQ(NextStep(View(10'000, 2000, {{JobState::kQueued, 1999}, {JobState::kFailed, 1}})),
            Only(kWait));
  EXPECT_EQ(NextStep(View(10'000, 2000, {{JobState::kQueued, 1500}, {JobState::kFailed, 500}})),
            (BatchStep{kMake, 500}));
  EXPECT_EQ(NextStep(View(2001, 2000, {{JobState::kQueued, 1999}, {JobState::kFailed, 1}})),
            (BatchStep{kMake, 1}));
}

TEST(BatchPlan, ASequenceIsMadeOneByOneOnceTheOneBeforeHasEnded) {
  EXPECT_EQ(NextStep(Sequence(View(3, 0, {}))), (BatchStep{kMake, 1}));
  EXPECT_EQ(NextStep(Sequence(View(3, 1, {{JobState::kPending, 1}}))), Only(kWait));
  EXPECT_EQ(NextStep(Sequence(View(3, 1, {{JobState::kPaused, 1}}))), Only(kWait));
  EXPECT_EQ(NextStep(Sequence(View(3, 1, {{JobState::kFailed, 1}}))), (BatchStep{kMake, 1}));
}

TEST(BatchPlan, AFailedOperationStopsABatchThatStopsOnErrors) {
  const std::map<JobState, int64_t> jobs = {{JobState::kFailed, 1}, {JobState::kQueued, 1}};
  EXPECT_EQ(NextStep(StoppingOnError(View(5, 2, jobs))), Only(kStop));
  EXPECT_EQ(NextStep(View(5, 2, jobs)), (BatchStep{kMake, 3}));
  EXPECT_EQ(NextStep(StoppingOnError(Sequence(View(5, 1, {{JobState::kFailed, 1}})))), Only(kStop));
  BatchView refused = StoppingOnError(View(5, 1, {}));
  refused.record.refused = 1;
  EXPECT_EQ(NextStep(refused), Only(kStop));
}

TEST(BatchPlan, AStoppedBatchSkipsWhatWaitsAndLetsRunWhatRuns) {
  const BatchDesire stop = BatchDesire::kStop;
  EXPECT_EQ(NextStep(View(5, 3, {{JobState::kFailed, 1}, {JobState::kQueued, 2}}, stop)),
            (BatchStep{kSkip, 200}));
  EXPECT_EQ(NextStep(View(5, 3, {{JobState::kFailed, 2}, {JobState::kProcessing, 1}}, stop)),
            (BatchStep{kMakeHeld, 2}));
  EXPECT_EQ(NextStep(View(3, 3, {{JobState::kFailed, 2}, {JobState::kProcessing, 1}}, stop)),
            Only(kWait));
}

TEST(BatchPlan, ACancelledBatchCancelsWhatRunsToo) {
  const BatchDesire cancel = BatchDesire::kCancel;
  EXPECT_EQ(NextStep(View(5, 1, {{JobState::kProcessing, 1}}, cancel)), (BatchStep{kCancel, 200}));
  EXPECT_EQ(NextStep(View(5, 1, {{JobState::kCancelling, 1}}, cancel)), (BatchStep{kMakeHeld, 4}));
  EXPECT_EQ(NextStep(View(1, 1, {{JobState::kCancelling, 1}}, cancel)), Only(kWait));
}

TEST(BatchPlan, APausedBatchMakesNothingAndAResumedOneRunsOnceAllGoOn) {
  EXPECT_EQ(NextStep(View(5, 1, {{JobState::kQueued, 1}}, BatchDesire::kPause)),
            (BatchStep{kPause, 200}));
  EXPECT_EQ(NextStep(View(5, 1, {{JobState::kPaused, 1}}, BatchDesire::kPause)), Only(kWait));
  EXPECT_EQ(NextStep(View(5, 0, {}, BatchDesire::kPause)), Only(kWait));
  EXPECT_EQ(NextStep(View(5, 2, {{JobState::kPaused, 2}}, BatchDesire::kResume)),
            (BatchStep{kResume, 200}));
  EXPECT_EQ(NextStep(View(5, 1, {{JobState::kPausing, 1}}, BatchDesire::kResume)), Only(kWaitABit));
  EXPECT_EQ(NextStep(View(5, 1, {{JobState::kQueued, 1}}, BatchDesire::kResume)), Only(kRun));
}

TEST(BatchPlan, ARetryReopensBeforeItStopsOrMakes) {
  BatchView view = StoppingOnError(View(5, 5, {{JobState::kFailed, 2}, {JobState::kCompleted, 3}}));
  view.record.reopen_from = 1;
  EXPECT_EQ(NextStep(view), (BatchStep{kReopen, 200}));
  EXPECT_EQ(NextStep(Sequence(view)), (BatchStep{kReopen, 1}));
  view.jobs = {{JobState::kFailed, 1}, {JobState::kCompleted, 3}, {JobState::kQueued, 1}};
  EXPECT_EQ(NextStep(Sequence(view)), Only(kWait));
}

TEST(BatchPlan, ARetriedSequenceStopsAtAnOperationThatIsRefused) {
  BatchView view = StoppingOnError(Sequence(View(3, 2, {{JobState::kCompleted, 1}})));
  view.record.reopen_from = 3;
  view.record.refused = 1;
  EXPECT_EQ(NextStep(view), Only(kStop));
}

TEST(BatchPlan, ASettledBatchEndsWhateverIsDesired) {
  for (const BatchDesire desire : {BatchDesire::kRun, BatchDesire::kPause, BatchDesire::kResume,
                                   BatchDesire::kStop, BatchDesire::kCancel}) {
    EXPECT_EQ(NextStep(View(2, 2, {{JobState::kCompleted, 2}}, desire)), Only(kEnd));
  }
}

TEST(BatchPlan, WhatIsRecordedOfABatchThatIsExpandedIsMadeAndTheEndWaitsForTheRest) {
  BatchView view = View(0, 0, {});
  view.record.expansion = BatchExpansion::kGoing;
  for (const BatchDesire desire :
       {BatchDesire::kRun, BatchDesire::kPause, BatchDesire::kStop, BatchDesire::kCancel}) {
    view.record.desire = desire;
    EXPECT_EQ(NextStep(view), Only(kWait));
  }
  view = View(700, 0, {});
  view.record.expansion = BatchExpansion::kGoing;
  EXPECT_EQ(NextStep(view), (BatchStep{kMake, 500}));
  view = View(2, 2, {{JobState::kCompleted, 2}});
  view.record.expansion = BatchExpansion::kGoing;
  EXPECT_EQ(NextStep(view), Only(kWait));
  view.record.expansion = BatchExpansion::kHalted;
  EXPECT_EQ(NextStep(view), Only(kEnd));
}

// A world in which steps are done as the driver does them, and jobs move on at random. Files of
// operations come and go: one without is refused.
class RandomBatch {
 public:
  explicit RandomBatch(uint32_t seed) : random_(seed) {
    operations_.resize(Draw(12) + 1);
    view_.record.operations = static_cast<int32_t>(operations_.size());
    if (Draw(2) == 0) {
      operations_.clear();
      view_.record.operations = 0;
      view_.record.expansion = BatchExpansion::kGoing;
    }
    view_.record.mode = Draw(2) == 0 ? BatchMode::kParallel : BatchMode::kSequential;
    view_.record.stop_on_error = Draw(2) == 0;
  }

  // Returns whether it ended within so many steps, and after each retry again.
  bool Ends() {
    for (uint32_t runs = 1 + Draw(3); runs > 0; --runs) {
      if (!RunEnds()) return false;
      view_.record.end_time = kStart;
      const absl::StatusOr<BatchRecord> wished = WishRetry(view_, kStart);
      if (!wished.ok()) return RollUp(view_) == BatchState::kCompleted;
      view_.record = *wished;
    }
    return true;
  }

 private:
  struct Operation {
    std::optional<JobState> job;
    bool has_file = true;
  };
  static constexpr absl::Time kStart = absl::UnixEpoch();

  bool RunEnds() {
    for (int i = 0; i < 1000; ++i) {
      const BatchStep step = NextStep(view_);
      if (step.action == kEnd) return true;
      Do(step);
      Count();
      Judge();
      if (Draw(20) == 0 && i < 100) Wish();
      if (i == 100 && view_.record.desire == BatchDesire::kPause) {
        view_.record.desire = BatchDesire::kResume;
      }
      Expand();
      if (Draw(3) == 0 && !operations_.empty()) Any().has_file = Draw(3) != 0;
      MoveOn();
      Count();
    }
    return false;
  }

  // Records more operations, or ends that, as the expander does.
  void Expand() {
    BatchRecord& batch = view_.record;
    if (batch.expansion != BatchExpansion::kGoing || Draw(3) == 0) return;
    const bool is_given_up =
        batch.desire == BatchDesire::kCancel || batch.desire == BatchDesire::kStop;
    if (is_given_up || Draw(10) == 0) {
      batch.expansion = BatchExpansion::kHalted;
      return;
    }
    operations_.resize(operations_.size() + 1 + Draw(3));
    batch.operations = static_cast<int32_t>(operations_.size());
    if (Draw(4) == 0) batch.expansion = BatchExpansion::kDone;
  }

  uint32_t Draw(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  Operation& Any() { return operations_[Draw(static_cast<uint32_t>(operations_.size()))]; }
  Operation& At(int32_t index) { return operations_[static_cast<size_t>(index - 1)]; }
  void Count() {
    view_.jobs.clear();
    for (const Operation& operation : operations_) {
      if (operation.job.has_value()) ++view_.jobs[*operation.job];
    }
  }
  bool Move(JobState from, JobState to) {
    const auto found = std::ranges::find(operations_, std::optional(from), &Operation::job);
    if (found != operations_.end()) found->job = to;
    return found != operations_.end();
  }

  void Do(const BatchStep& step) {
    BatchRecord& batch = view_.record;
    switch (step.action) {
      case kMake:
        return Make(step.count, JobState::kQueued);
      case kMakeHeld:
        return Make(step.count, JobState::kPending);
      case kPause:
        Move(JobState::kQueued, JobState::kPaused) || Move(JobState::kPending, JobState::kPaused) ||
            Move(JobState::kProcessing, JobState::kPausing);
        return;
      case kResume:
        Move(JobState::kPaused, JobState::kQueued);
        return;
      case kSkip:
      case kCancel:
        Move(JobState::kQueued, JobState::kSkipped) ||
            Move(JobState::kPending, JobState::kSkipped) ||
            Move(JobState::kPaused, JobState::kSkipped) ||
            (step.action == kCancel && (Move(JobState::kProcessing, JobState::kCancelling) ||
                                        Move(JobState::kPausing, JobState::kCancelling)));
        return;
      case kStop:
        batch.desire = BatchDesire::kStop;
        batch.reopen_from = 0;
        return;
      case kRun:
        batch.desire = BatchDesire::kRun;
        return;
      case kReopen:
        return Reopen(step.count);
      case kWait:
      case kWaitABit:
      case kEnd:
        return;
    }
  }

  void Make(int count, JobState state) {
    made_while_stopped_ |= state == JobState::kQueued && view_.record.desire != BatchDesire::kRun;
    for (; count > 0; --count) {
      Operation& operation = At(++view_.record.made);
      if (operation.job.has_value()) continue;
      if (operation.has_file) operation.job = state;
      if (!operation.has_file) ++view_.record.refused;
    }
  }
  bool HasFailedBefore(int32_t index) const {
    return std::any_of(
        operations_.begin(), operations_.begin() + (index - 1),
        [](const Operation& operation) { return operation.job == JobState::kFailed; });
  }
  // A sequence makes what is no job yet when it is its turn.
  void Reopen(int count) {
    BatchRecord& batch = view_.record;
    if (batch.stop_on_error && HasFailedBefore(batch.reopen_from)) return Do({kStop, 0});
    for (; batch.reopen_from <= batch.operations; ++batch.reopen_from) {
      if (count == 0) return;
      std::optional<JobState>& job = At(batch.reopen_from).job;
      const bool is_job = job.has_value();
      if (batch.mode == BatchMode::kSequential && batch.made < batch.reopen_from) {
        Make(1, JobState::kQueued);
      }
      const bool is_reopened = is_job && IsTerminal(*job) && *job != JobState::kCompleted;
      if (is_reopened) job = JobState::kQueued;
      const bool is_made = !is_job && batch.mode == BatchMode::kSequential;
      count -= is_reopened || is_made ? 1 : 0;
    }
    batch.reopen_from = 0;
  }

  void MoveOn() {
    switch (Draw(6)) {
      case 0:
        if (view_.record.mode == BatchMode::kParallel ||
            !view_.jobs.contains(JobState::kProcessing)) {
          Move(JobState::kQueued, JobState::kProcessing);
        }
        return;
      case 1:
        Move(JobState::kProcessing, JobState::kCompleted);
        return;
      case 2:
        Move(JobState::kProcessing, JobState::kFailed);
        return;
      case 3:
        Move(JobState::kPausing, JobState::kPaused);
        return;
      case 4:
        Move(JobState::kCancelling, JobState::kCancelled);
        return;
      case 5:
        return;
    }
  }

  void Wish() {
    constexpr BatchDesire kWishes[] = {BatchDesire::kPause, BatchDesire::kResume,
                                       BatchDesire::kCancel};
    if (view_.record.desire == BatchDesire::kCancel || view_.record.desire == BatchDesire::kStop) {
      return;
    }
    view_.record.desire = kWishes[Draw(3)];
    if (view_.record.desire == BatchDesire::kCancel) view_.record.reopen_from = 0;
  }

  // Whether all before the operation that waits or runs are COMPLETED.
  bool AllBeforeAreCompleted() const {
    const auto runs = std::ranges::find_if(operations_, [](const Operation& operation) {
      return operation.job == JobState::kQueued || operation.job == JobState::kProcessing;
    });
    return runs == operations_.end() ||
           std::all_of(operations_.begin(), runs, [](const Operation& operation) {
             return operation.job == JobState::kCompleted;
           });
  }

  void Judge() const {
    const BatchCounts counts = CountOperations(view_);
    const int64_t all =
        counts.pending + counts.queued + counts.paused + Leased(counts) + Ended(counts);
    EXPECT_EQ(all, view_.record.operations);
    EXPECT_FALSE(made_while_stopped_);
    if (view_.record.mode == BatchMode::kSequential) {
      EXPECT_LE(counts.queued + Leased(counts), 1);
      EXPECT_TRUE(!view_.record.stop_on_error || AllBeforeAreCompleted());
    }
  }

  std::mt19937 random_;
  std::vector<Operation> operations_;
  BatchView view_;
  bool made_while_stopped_ = false;
};

TEST(BatchPlan, EveryBatchEndsWhateverIsWishedAndHoweverItsJobsEnd) {
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_TRUE(RandomBatch(seed).Ends());
  }
}

}  // namespace
}  // namespace dq
