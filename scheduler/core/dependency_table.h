// Which jobs wait for others to complete. A dependent waits until all its dependencies are
// COMPLETED, or until one has ended in another way. What a dependency ended as is told once, by
// Ended(). Telling it costs the logarithm of all edges and the number of its dependents. Pure; not
// thread-safe.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "scheduler/core/job.h"

namespace dq {

// A dependency that ended and was not COMPLETED.
struct FailedDependency {
  JobKey job = 0;
  JobState state = JobState::kFailed;
};

// Returns the first of them that is not COMPLETED as far as is recorded; null when all are.
const JobDependency* FirstNotCompleted(const std::vector<JobDependency>& dependencies);

class DependencyTable {
 public:
  // `dependent` waits for `dependency`, which has not ended; they are two jobs.
  void Add(JobKey dependent, JobKey dependency);
  // The same with a dependency that has ended as `state`.
  void AddEnded(JobKey dependent, JobKey dependency, JobState state);
  // The job waits for nothing any more, whatever became of its dependencies. Does nothing to one
  // that is not a dependent.
  void Remove(JobKey dependent);

  // The job has ended as `state`. Returns its dependents of which it decided: the last one that
  // they waited for, or one that failed. They stay until Remove().
  std::vector<JobKey> Ended(JobKey job, JobState state);

  // Returns whether the job has to go on waiting; not when nothing is known of it.
  bool IsWaiting(JobKey dependent) const;
  // Returns a dependency of the job that failed, the first that was told; nothing when none did.
  std::optional<FailedDependency> FailureOf(JobKey dependent) const;
  bool Has(JobKey dependent) const { return dependents_.contains(dependent); }
  bool empty() const { return dependents_.empty(); }

 private:
  struct Dependent {
    std::vector<JobKey> awaits;  // That have not ended.
    std::optional<FailedDependency> failed;
  };
  static bool Waits(const Dependent& dependent) {
    return !dependent.failed && !dependent.awaits.empty();
  }

  absl::flat_hash_map<JobKey, Dependent> dependents_;
  absl::btree_set<std::pair<JobKey, JobKey>> edges_;  // A dependency and who awaits it.
};

}  // namespace dq
