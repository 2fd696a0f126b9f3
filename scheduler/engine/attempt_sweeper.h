// Removes what attempts have left in storage once their job has ended: folders that were not
// published (checkpoints, half-written outputs) and published ones whose completion was not
// recorded. Owned by main; told of ends by the scheduler; works on a thread of its own.
// Thread-safe.
//
// No file of a live attempt can be taken: an end is told once it is recorded, from then on every
// attempt up to its number is fenced, and only those are removed. What the retry of a failed job
// would go on from stays for an hour. Each sweep looks what is there, then asks the record: of a
// job that has been made live since, by whichever leader, nothing goes; its next end plans a sweep
// of all its attempts. Nor of one that was deleted, whose name another may have by now: what it has
// left is recorded as a debt (storage_debts.h).
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
#include <vector>

#include "absl/status/statusor.h"
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
  // Returns the uri beneath which a job's attempts write.
  using PrefixOf = std::function<std::string(const JobName&)>;
  // Returns the record of a job; NOT_FOUND when there is none. After any other error it is asked
  // again a minute later. May block.
  using RecordOf = std::function<absl::StatusOr<JobRecord>(const JobName&)>;
  // Returns the uris of files of earlier jobs of that name, deleted since, that something needs.
  // After an error it is asked again a minute later. May block.
  using KeptOf = std::function<absl::StatusOr<std::vector<std::string>>(const JobName&)>;

  // The references outlive it.
  AttemptSweeper(ObjectStore& objects, const Clock& clock, PrefixOf prefix_of, RecordOf record_of,
                 KeptOf kept_of);
  // Ends the thread; what was not swept yet stays.
  ~AttemptSweeper();

  // The end of a job is recorded that MayHaveLeftFiles(). Returns at once.
  void Ended(const EndedJob& job) EXCLUDES(mutex_);
  // The job may be made live again: what it may go on from stays for an hour more, if that comes to
  // nothing. When this returns no sweep of it runs, so it may wait for storage.
  void Reopening(const JobName& job) EXCLUDES(mutex_);

 private:
  struct Sweep {
    JobKey job = 0;
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
  // Returns what the record says for the sweep: OK, NOT_FOUND when it is not to be, or why the
  // record cannot be read.
  absl::Status Check(const JobName& job, const Sweep& sweep) const;
  void Finish(const JobName& job, Sweep sweep, const absl::Status& checked) EXCLUDES(mutex_);
  // Sweeps if the record allows it, which is returned.
  absl::Status Carry(const JobName& job, const Sweep& sweep);

  ObjectStore& objects_;
  const Clock& clock_;
  const PrefixOf prefix_of_;
  const RecordOf record_of_;
  const KeptOf kept_of_;
  Mutex mutex_;
  CondVar changed_;
  std::map<JobName, Sweep> sweeps_ GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, JobName>> dues_ GUARDED_BY(mutex_);  // Of sweeps_, in order.
  JobName sweeping_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace dq
