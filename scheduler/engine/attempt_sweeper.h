// Removes what attempts have left in storage once their job has ended: folders that were not
// published (checkpoints, half-written outputs) and published ones whose completion was not
// recorded. Owned by main; told of ends by the scheduler; works on a thread of its own.
// Thread-safe.
//
// No file of a live attempt can be taken: an end is told once it is recorded, from then on every
// attempt up to its number is fenced, and only those are removed. What the retry of a failed job
// would go on from stays for an hour.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/storage/object_store.h"
#include "scheduler/core/job.h"
#include "scheduler/engine/ended_job.h"

namespace dq {

inline constexpr absl::Duration kKeptForRetry = absl::Hours(1);

class AttemptSweeper {
 public:
  // The references outlive it. `prefix_of` returns the uri beneath which a job's attempts write.
  AttemptSweeper(ObjectStore& objects, const Clock& clock,
                 std::function<std::string(const JobName&)> prefix_of);
  // Ends the thread; what was not swept yet stays.
  ~AttemptSweeper();

  // The end of a job is recorded that MayHaveLeftFiles(). Returns at once.
  void Ended(const EndedJob& job) EXCLUDES(mutex_);
  // The job is being made live again: what it may go on from stays. When this returns no sweep of
  // it runs.
  void Reopening(const JobName& job) EXCLUDES(mutex_);

 private:
  struct Sweep {
    absl::Time due;              // Boot clock.
    int32_t attempt_max = 0;     // What later attempts have is theirs.
    std::string kept_directory;  // The published outputs; empty: none.
    int32_t kept_attempt = 0;    // Whose folder a retry goes on from; 0: none.
  };
  void Run();
  void PlanLocked(const JobName& job, Sweep sweep) REQUIRES(mutex_);
  void ForgetLocked(const JobName& job) REQUIRES(mutex_);
  // Waits for the next sweep that is due and takes it out; nothing when the thread is to end.
  std::optional<std::pair<JobName, Sweep>> Take() EXCLUDES(mutex_);
  void Finish() EXCLUDES(mutex_);
  void Carry(const JobName& job, const Sweep& sweep);

  ObjectStore& objects_;
  const Clock& clock_;
  const std::function<std::string(const JobName&)> prefix_of_;
  Mutex mutex_;
  CondVar changed_;
  std::map<JobName, Sweep> sweeps_ GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, JobName>> dues_ GUARDED_BY(mutex_);  // Of sweeps_, in order.
  JobName sweeping_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace dq
