#include "scheduler/core/batch_plan.h"

#include <algorithm>

#include "scheduler/core/batch_rollup.h"

namespace dq {
namespace {

using enum BatchAction;

// What the plan looks at: jobs alone, not what is to become one.
struct Numbers {
  int64_t waiting = 0;  // PENDING or QUEUED.
  int64_t paused = 0;
  int64_t processing = 0;
  int64_t pausing = 0;
  int64_t live = 0;
  int64_t failed = 0;
  int64_t unmade = 0;
};

Numbers NumbersOf(const BatchView& batch) {
  const BatchCounts counts = CountOperations(batch);
  const auto jobs = [&batch](JobState state) {
    const auto found = batch.jobs.find(state);
    return found == batch.jobs.end() ? int64_t{0} : found->second;
  };
  Numbers n;
  n.waiting = jobs(JobState::kPending) + counts.queued;
  n.paused = counts.paused;
  n.processing = counts.processing;
  n.pausing = counts.pausing;
  n.live = n.waiting + n.paused + Leased(counts);
  n.failed = counts.failed;
  n.unmade = batch.record.operations - batch.record.made;
  return n;
}

// Returns how many more may live.
int Room(const Numbers& n) {
  return static_cast<int>(std::max<int64_t>(0, kOperationsLiveMax - n.live));
}

// A page at a time: not one for each that ends.
BatchStep MakeNext(BatchAction action, const Numbers& n) {
  const int count = std::min(kOperationsMadeMax, static_cast<int>(n.unmade));
  return count > 0 && count <= Room(n) ? BatchStep{action, count} : BatchStep{};
}

BatchStep StepTowardsEnd(const Numbers& n, bool cancels) {
  const int64_t open = n.waiting + n.paused + (cancels ? n.processing + n.pausing : 0);
  if (open > 0) return {cancels ? kCancel : kSkip, kOperationsActedMax};
  return MakeNext(kMakeHeld, n);
}

BatchStep StepOfSequence(const BatchView& batch, const Numbers& n) {
  if (n.live > 0) return {};
  // A retry begins with none that is refused.
  if (batch.record.stop_on_error && batch.record.refused > 0) return {kStop, 0};
  if (batch.record.reopen_from > 0) return {kReopen, 1};
  if (batch.record.stop_on_error && n.failed > 0) return {kStop, 0};
  return n.unmade > 0 ? BatchStep{kMake, 1} : BatchStep{};
}

BatchStep StepOfRun(const BatchView& batch, const Numbers& n) {
  if (batch.record.mode == BatchMode::kSequential) return StepOfSequence(batch, n);
  if (batch.record.reopen_from > 0) {
    const int count = std::min(kOperationsActedMax, Room(n));
    return count > 0 ? BatchStep{kReopen, count} : BatchStep{};
  }
  if (batch.record.stop_on_error && n.failed > 0) return {kStop, 0};
  return MakeNext(kMake, n);
}

}  // namespace

BatchStep NextStep(const BatchView& batch) {
  if (IsSettled(batch)) return {kEnd, 0};
  const Numbers n = NumbersOf(batch);
  switch (batch.record.desire) {
    case BatchDesire::kRun:
      return StepOfRun(batch, n);
    case BatchDesire::kPause:
      if (n.waiting + n.processing > 0) return {kPause, kOperationsActedMax};
      return {};
    case BatchDesire::kResume:
      if (n.paused > 0) return {kResume, kOperationsActedMax};
      return {n.pausing > 0 ? kWaitABit : kRun, 0};
    case BatchDesire::kStop:
      return StepTowardsEnd(n, /*cancels=*/false);
    case BatchDesire::kCancel:
      return StepTowardsEnd(n, /*cancels=*/true);
  }
  return {};
}

}  // namespace dq
