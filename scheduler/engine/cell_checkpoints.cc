// Checkpoints: reported under a lease, recorded under it, handed to the next attempt.
#include <utility>

#include "scheduler/engine/cell.h"

namespace dq {
namespace {

// Checkpoints that are reported in between are recorded together. The end of an attempt records its
// newest one at once.
constexpr absl::Duration kCheckpointTick = absl::Seconds(1);

}  // namespace

void Cell::KeepCheckpoint(LiveJob& job, const std::shared_ptr<const JobCheckpoint>& reported) {
  if (reported == nullptr) return;
  const int32_t attempt = job.record.status.attempt;
  const JobCheckpoint* const kept = job.record.checkpoint.get();
  // Reports repeat what they know, and an older one may come late.
  const bool is_known =
      kept != nullptr && kept->attempt == attempt && kept->sequence >= reported->sequence;
  if (is_known) return;
  auto checkpoint = std::make_shared<JobCheckpoint>(*reported);
  checkpoint->attempt = attempt;
  checkpoint->time = now_.wall;
  job.record.checkpoint = std::move(checkpoint);
  if (std::exchange(job.checkpoint_unsaved, true)) return;
  unsaved_checkpoints_.push_back(job.record.key);
  checkpoints_due_ = std::min(checkpoints_due_, now_.boot + kCheckpointTick);
}

void Cell::SaveCheckpoints() {
  if (degraded_ || now_.boot < checkpoints_due_) return;
  checkpoints_due_ = absl::InfiniteFuture();
  for (const JobKey key : std::exchange(unsaved_checkpoints_, {})) {
    LiveJob* const job = jobs_.Find(key);
    if (job != nullptr && job->checkpoint_unsaved) writes_.SaveCheckpoint(*job, now_);
  }
}

void Cell::DropCheckpoint(LiveJob& job, PendingBatch& batch) {
  job.record.checkpoint = nullptr;
  job.checkpoint_unsaved = false;
  if (!std::exchange(job.checkpoint_recorded, false)) return;
  batch.rows->dropped_checkpoints.push_back(job.record.key);
}

}  // namespace dq
