// What is done for batches in steps: see BatchDriver (operations become jobs and are steered) and
// BatchExpander (a source becomes operations). A BatchRunner takes the steps.
#pragma once

#include "scheduler/core/job.h"

namespace dq {

// When a batch is to be looked at again.
enum class BatchPace {
  kAtOnce,
  kSoon,   // Something goes on of which nobody tells.
  kLater,  // The database or the scheduler does not take it now.
  kIdle,   // Once an operation ends, or something else is desired.
};

// Used by one thread, but for Abandon().
class BatchSteps {
 public:
  virtual ~BatchSteps() = default;
  // Takes the next step of a batch. Blocks.
  virtual BatchPace Step(BatchKey key) = 0;
  // This replica does not lead: drops what was kept to make the next step cheap.
  virtual void Forget() = 0;
  // From now on steps end at once, whatever they wait for. Thread-safe.
  virtual void Abandon() = 0;
};

}  // namespace dq
