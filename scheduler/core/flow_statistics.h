// What happened to jobs in the last hour: counts, waits and run times, kept in steps of ten
// seconds, so that memory is bounded and windows move on. Durations are kept in classes each 20 %
// longer than the one before, so that their quantiles are told up to that. All times are
// CLOCK_BOOTTIME, handed in, and never go back. Pure; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace dq {

// What can happen to a job or an attempt.
enum class FlowEvent {
  kCreated,
  kStarted,
  kAttemptFailed,
  kCompleted,
  kFailed,
  kCancelled,
  kSkipped,
};
inline constexpr size_t kFlowEvents = 7;

// Several durations in a few numbers; quantiles are up to 20 % too long.
struct DurationSummary {
  int64_t count = 0;
  absl::Duration mean;
  absl::Duration median;
  absl::Duration p95;
  absl::Duration p99;
  absl::Duration longest;
};

// Many durations, added up.
class DurationClasses {
 public:
  void Add(absl::Duration duration);
  void Merge(const DurationClasses& other);
  DurationSummary Summary() const;

 private:
  // 1 ms to 120 days.
  static constexpr size_t kClasses = 128;

  absl::Duration QuantileOf(double part) const;

  int64_t count_ = 0;
  absl::Duration sum_;
  absl::Duration longest_;
  std::array<uint32_t, kClasses> counts_ = {};
};

// What happened in some time up to now.
struct FlowWindow {
  absl::Duration length;    // How far it is meant to reach back.
  absl::Duration observed;  // How much time it does tell of, the step that has begun included.
  std::array<int64_t, kFlowEvents> counts = {};
  DurationSummary wait;  // From QUEUED to the grant, of attempts that began.
  DurationSummary run;   // Of the last attempts of jobs that ended.

  int64_t CountOf(FlowEvent event) const { return counts[static_cast<size_t>(event)]; }
};

class FlowStatistics {
 public:
  // Forgets everything; what happens from `now` on is counted.
  void Restart(absl::Time now);

  void Count(absl::Time now, FlowEvent event) { ++CountIn(StepAt(now), event); }
  // An attempt began after its job had waited that long.
  void CountStart(absl::Time now, absl::Duration wait);
  // A job whose last attempt took that long ended.
  void CountEnd(absl::Time now, FlowEvent event, absl::Duration run);

  // Returns the last minute, ten minutes and hour.
  std::vector<FlowWindow> Windows(absl::Time now);

 private:
  struct Step {
    int64_t number = -1;  // Since the restart; -1: never used.
    std::array<int64_t, kFlowEvents> counts = {};
    DurationClasses waits;
    DurationClasses runs;
  };

  static int64_t& CountIn(Step& step, FlowEvent event) {
    return step.counts[static_cast<size_t>(event)];
  }
  int64_t NumberAt(absl::Time now) const;
  Step& StepAt(absl::Time now);
  FlowWindow WindowOf(absl::Time now, absl::Duration length) const;

  absl::Time start_;
  std::vector<Step> steps_;  // A ring.
};

}  // namespace dq
