// What there is to know of a job whose end is recorded, for whoever clears up after it. Plain
// value.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/core/job.h"

namespace dq {

struct EndedJob {
  JobKey key = 0;
  JobName name;
  JobState state = JobState::kFailed;
  int32_t attempt = 0;             // Its last one.
  int32_t checkpoint_attempt = 0;  // Whose checkpoint a retry goes on from; 0: none.
  std::string manifest_uri;        // Of its outputs; empty: it has none.
};

// Returns whether attempts of an ended job may have left something behind. The only attempt of a
// completed one has not.
inline bool MayHaveLeftFiles(const JobStatus& status) {
  return status.attempt > 1 || (status.attempt == 1 && status.state != JobState::kCompleted);
}

// Hears of the ends and new beginnings of jobs. `ended` is called by the engine's announcer and
// returns at once; `reopening` by the caller of Scheduler::Reopen(), and may wait for storage.
struct EndListener {
  std::function<void(const EndedJob&)> ended;     // The end is recorded; MayHaveLeftFiles().
  std::function<void(const JobName&)> reopening;  // It may be made live again, or be refused.
  // The end of an operation of a batch is recorded; called as `ended` is.
  std::function<void(BatchKey)> operation_ended = {};
  // Jobs were deleted: storage may be owed something. Returns at once.
  std::function<void()> deleted = {};
  // Ends of jobs are recorded for webhooks; called as `ended` is.
  std::function<void()> announced = {};
};

}  // namespace dq
