// What is to be done next so that a batch becomes what is desired of it. The same view always gives
// the same step, and a step that was done already does no harm: whoever takes over goes on with
// what is recorded. Pure and thread-safe.
#pragma once

#include <cstdint>

#include "scheduler/core/batch.h"

namespace dq {

// Jobs made of operations at a time, operations acted upon at a time, and operations of one batch
// that live at a time: the others are no jobs yet.
inline constexpr int kOperationsMadeMax = 500;
inline constexpr int kOperationsActedMax = 200;
inline constexpr int kOperationsLiveMax = 2000;

enum class BatchAction {
  kWait,      // Until an operation ends, or something else is desired.
  kWaitABit,  // For what happens without being told: a worker that pauses an operation.
  kMake,      // Make jobs of the next `count` operations.
  kMakeHeld,  // The same with jobs that are to be skipped.
  kPause,     // Pause up to `count` that wait or run.
  kResume,    // Resume up to `count` that are paused.
  kSkip,      // Skip up to `count` that wait or are paused.
  kCancel,    // The same, and cancel those that run.
  kReopen,    // Run up to `count` that ended without success again, from reopen_from on. In a
              // sequence one that is no job yet is made when it is its turn.
  kStop,      // Record that no further one starts.
  kRun,       // Record that it runs: all have been resumed.
  kEnd,       // Record that it has ended.
};

struct BatchStep {
  BatchAction action = BatchAction::kWait;
  int count = 0;
  friend bool operator==(const BatchStep&, const BatchStep&) = default;
};

// Returns the next step of a batch that has no end time, or whose operations have changed since.
BatchStep NextStep(const BatchView& batch);

}  // namespace dq
