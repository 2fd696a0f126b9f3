#include "scheduler/core/batch_wish.h"

#include <string>

#include "common/base/error.h"
#include "scheduler/core/batch_rollup.h"

namespace dq {
namespace {

absl::Status Illegal(const BatchView& batch, const std::string& what) {
  const std::string state(StateName(RollUp(batch)));
  return MakeError(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                   "the batch is " + state + " and cannot be " + what,
                   {{"batch", batch.record.id}, {"state", state}});
}

bool HasEnded(const BatchView& batch) { return batch.record.end_time != absl::InfinitePast(); }

bool IsOnItsWayOut(const BatchView& batch) {
  const BatchDesire desire = batch.record.desire;
  return HasEnded(batch) || IsSettled(batch) || desire == BatchDesire::kStop ||
         desire == BatchDesire::kCancel;
}

BatchRecord With(const BatchView& batch, BatchDesire desire) {
  BatchRecord record = batch.record;
  record.desire = desire;
  return record;
}

}  // namespace

absl::StatusOr<BatchRecord> WishCancel(const BatchView& batch, absl::Time /*now*/) {
  const bool lives_again = HasEnded(batch) && !IsSettled(batch);
  if (batch.record.desire == BatchDesire::kCancel && !lives_again) return batch.record;
  if (IsSettled(batch)) return Illegal(batch, "cancelled any more");
  BatchRecord record = With(batch, BatchDesire::kCancel);
  record.reopen_from = 0;
  record.end_time = absl::InfinitePast();
  return record;
}

absl::StatusOr<BatchRecord> WishPause(const BatchView& batch, absl::Time /*now*/) {
  if (IsOnItsWayOut(batch)) return Illegal(batch, "paused any more");
  return With(batch, BatchDesire::kPause);
}

absl::StatusOr<BatchRecord> WishResume(const BatchView& batch, absl::Time /*now*/) {
  if (IsOnItsWayOut(batch)) return Illegal(batch, "resumed any more");
  if (batch.record.desire == BatchDesire::kRun) return batch.record;
  return With(batch, BatchDesire::kResume);
}

absl::StatusOr<BatchRecord> WishRetry(const BatchView& batch, absl::Time now) {
  const bool is_retried = batch.record.retries > 0 && batch.record.desire == BatchDesire::kRun;
  // Whoever sees its operations ended may be before the runner, which records that it has.
  const bool has_ended = HasEnded(batch) || IsSettled(batch);
  if (!has_ended && is_retried) return batch.record;
  if (!has_ended) return Illegal(batch, "retried before it has ended");
  if (RollUp(batch) == BatchState::kCompleted) return Illegal(batch, "retried: nothing is left");
  BatchRecord record = With(batch, BatchDesire::kRun);
  record.reopen_from = 1;
  ++record.retries;
  record.end_time = absl::InfinitePast();
  record.run_time = now;
  if (record.expansion == BatchExpansion::kHalted) record.expansion = BatchExpansion::kGoing;
  record.run_completed = static_cast<int32_t>(CountOperations(batch).completed);
  if (record.refused > 0) {
    record.made = 0;  // Those that are jobs stay what they are.
    record.refused = 0;
  }
  return record;
}

}  // namespace dq
