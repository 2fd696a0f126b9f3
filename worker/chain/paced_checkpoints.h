// Takes checkpoints by the clock: not before an interval has passed, and not before the chain has
// worked many times as long as the last checkpoint took. Thread-safe: no; the stop token may be set
// from anywhere.
#pragma once

#include <chrono>
#include <functional>

#include "worker/chain/checkpoint.h"
#include "worker/chain/progress.h"

namespace dq {

inline constexpr std::chrono::seconds kCheckpointIntervalDefault{30};
// Of the time of a chain checkpoints may take one part in so many.
inline constexpr int kCheckpointShare = 50;

// Asks a chain that takes checkpoints to stop. Both outlive who looks at them.
struct StopTokens {
  const CancelToken& now;         // With a checkpoint, where one can be taken.
  const CancelToken& when_saved;  // As soon as a checkpoint can be taken.
};

class PacedCheckpoints final : public CheckpointControl {
 public:
  using Clock = std::chrono::steady_clock;
  using Listener = std::function<void(const SavedCheckpoint&)>;
  using StartListener = std::function<void(const ChainStart&)>;

  // `now` is the time.
  PacedCheckpoints(std::chrono::milliseconds interval, const StopTokens& stop,
                   StartListener on_start, Listener on_saved,
                   std::function<Clock::time_point()> now = Clock::now);

  CheckpointCall Decide(CheckpointChance chance) override;
  bool stop_asked() const override { return stop_.now.cancelled(); }
  void OnStart(const ChainStart& start) override;
  void OnSaved(const SavedCheckpoint& saved) override;
  // The next one is tried after another interval, also when a stop waits for it.
  void OnFailed(const absl::Status& why) override;

 private:
  std::chrono::milliseconds interval_;
  StopTokens stop_;
  StartListener on_start_;
  Listener on_saved_;
  std::function<Clock::time_point()> now_;
  Clock::time_point last_;
  Clock::time_point next_;
  bool failed_ = false;  // The last one.
};

}  // namespace dq
