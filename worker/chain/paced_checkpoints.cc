#include "worker/chain/paced_checkpoints.h"

#include <algorithm>
#include <utility>

namespace dq {
namespace {

// Before a pass without checkpoints one is taken after this part of the interval.
constexpr int kLastChanceShare = 10;

}  // namespace

PacedCheckpoints::PacedCheckpoints(std::chrono::milliseconds interval, const StopTokens& stop,
                                   StartListener on_start, Listener on_saved,
                                   std::function<Clock::time_point()> now)
    : interval_(interval),
      stop_(stop),
      on_start_(std::move(on_start)),
      on_saved_(std::move(on_saved)),
      now_(std::move(now)),
      last_(now_()),
      next_(last_ + interval) {}

CheckpointCall PacedCheckpoints::Decide(CheckpointChance chance) {
  if (stop_.now.cancelled()) return CheckpointCall::kSaveAndStop;
  const Clock::time_point now = now_();
  if (stop_.when_saved.cancelled()) {
    return failed_ && now < next_ ? CheckpointCall::kGoOn : CheckpointCall::kSaveThenStop;
  }
  const bool last_chance = chance == CheckpointChance::kLastForAWhile;
  const bool due = now >= next_ || (last_chance && now - last_ >= interval_ / kLastChanceShare);
  return due ? CheckpointCall::kSave : CheckpointCall::kGoOn;
}

void PacedCheckpoints::OnStart(const ChainStart& start) { on_start_(start); }

void PacedCheckpoints::OnSaved(const SavedCheckpoint& saved) {
  failed_ = false;
  last_ = now_();
  const auto cost = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::duration<double>(saved.seconds * kCheckpointShare));
  next_ = last_ + std::max(interval_, cost);
  on_saved_(saved);
}

void PacedCheckpoints::OnFailed(const absl::Status&) {
  failed_ = true;
  last_ = now_();
  next_ = last_ + interval_;
}

}  // namespace dq
