#include "scheduler/core/batch_rollup.h"

#include <algorithm>

namespace dq {
namespace {

int64_t InState(const BatchView& batch, JobState state) {
  const auto found = batch.jobs.find(state);
  return found == batch.jobs.end() ? 0 : found->second;
}

bool IsIn(const BatchView& batch, BatchDesire desire) { return batch.record.desire == desire; }

BatchState EndOf(const BatchView& batch, const BatchCounts& counts) {
  const bool lacks_some = batch.record.expansion == BatchExpansion::kHalted;
  if (counts.completed == batch.record.operations && !lacks_some) return BatchState::kCompleted;
  if (IsIn(batch, BatchDesire::kCancel)) return BatchState::kCancelled;
  if (counts.completed > 0) return BatchState::kPartialSuccess;
  return counts.failed > 0 || lacks_some ? BatchState::kFailed : BatchState::kCancelled;
}

}  // namespace

int64_t OperationsOf(const BatchRecord& batch) {
  const bool is_going = batch.expansion == BatchExpansion::kGoing;
  return is_going ? std::max(batch.found, batch.operations) : batch.operations;
}

BatchCounts CountOperations(const BatchView& batch) {
  BatchCounts counts;
  counts.pending = InState(batch, JobState::kPending);
  counts.queued = InState(batch, JobState::kQueued);
  counts.processing = InState(batch, JobState::kProcessing);
  counts.pausing = InState(batch, JobState::kPausing);
  counts.paused = InState(batch, JobState::kPaused);
  counts.cancelling = InState(batch, JobState::kCancelling);
  counts.completed = InState(batch, JobState::kCompleted);
  counts.failed = InState(batch, JobState::kFailed) + batch.record.refused;
  counts.cancelled = InState(batch, JobState::kCancelled);
  counts.skipped = InState(batch, JobState::kSkipped);
  const int64_t told =
      counts.pending + counts.queued + counts.paused + Leased(counts) + Ended(counts);
  counts.pending += std::max<int64_t>(0, OperationsOf(batch.record) - told);
  return counts;
}

bool IsSettled(const BatchView& batch) {
  if (batch.record.expansion == BatchExpansion::kGoing) return false;
  const BatchCounts counts = CountOperations(batch);
  return Ended(counts) == batch.record.operations && batch.record.reopen_from == 0 &&
         batch.record.made == batch.record.operations;
}

BatchState RollUp(const BatchView& batch) {
  const BatchCounts counts = CountOperations(batch);
  if (IsSettled(batch)) return EndOf(batch, counts);
  const bool has_ended = batch.record.end_time != absl::InfinitePast();
  if (IsIn(batch, BatchDesire::kCancel) && !has_ended) return BatchState::kCancelling;
  const bool is_still = Leased(counts) == 0;
  if (IsIn(batch, BatchDesire::kPause) && is_still) return BatchState::kPaused;
  const bool waits = counts.pending + counts.queued > 0;
  if (is_still && !waits && counts.paused > 0) return BatchState::kPaused;
  const bool has_begun = !is_still || Ended(counts) > 0;
  return has_begun ? BatchState::kProcessing : BatchState::kPending;
}

std::string_view StateName(BatchState state) {
  switch (state) {
    case BatchState::kPending:
      return "PENDING";
    case BatchState::kProcessing:
      return "PROCESSING";
    case BatchState::kPaused:
      return "PAUSED";
    case BatchState::kCancelling:
      return "CANCELLING";
    case BatchState::kCompleted:
      return "COMPLETED";
    case BatchState::kPartialSuccess:
      return "PARTIAL_SUCCESS";
    case BatchState::kFailed:
      return "FAILED";
    case BatchState::kCancelled:
      return "CANCELLED";
  }
  return "";
}

double PercentComplete(const BatchView& batch, double running_share) {
  if (IsSettled(batch)) return 100;
  const auto all = static_cast<double>(std::max<int64_t>(1, OperationsOf(batch.record)));
  const double done = static_cast<double>(Ended(CountOperations(batch))) + running_share;
  return std::clamp(100 * done / all, 0.0, 100.0);
}

std::optional<absl::Duration> TimeRemaining(const BatchView& batch, double running_share,
                                            absl::Time now) {
  if (RollUp(batch) != BatchState::kProcessing) return std::nullopt;
  const auto all = static_cast<double>(OperationsOf(batch.record) - batch.record.run_completed);
  const double ended = static_cast<double>(Ended(CountOperations(batch)));
  const double done = ended - batch.record.run_completed + running_share;
  if (done <= 0 || now <= batch.record.run_time) return std::nullopt;
  return (now - batch.record.run_time) * std::max(0.0, (all - done) / done);
}

}  // namespace dq
