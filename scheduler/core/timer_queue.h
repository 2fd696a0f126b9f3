// Deadlines of jobs, at most one each, in order: a balanced tree, so that setting and clearing cost
// the logarithm of what is armed and nothing dead is kept. Pure; not thread-safe.
#pragma once

#include <optional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq {

class TimerQueue {
 public:
  // Arms the timer of `job`, in place of an earlier one. An infinite future is never due and not
  // kept.
  void Set(JobKey job, absl::Time due);
  // Disarms it; nothing happens when it is not armed.
  void Clear(JobKey job);
  // Takes out the earliest job that is due at `now`; nothing when none is.
  std::optional<JobKey> PopDue(absl::Time now);
  // Returns when the earliest timer is due: an infinite future when none is armed.
  absl::Time NextDue() const;
  size_t size() const { return order_.size(); }

 private:
  absl::btree_set<std::pair<absl::Time, JobKey>> order_;
  absl::flat_hash_map<JobKey, absl::Time> due_of_;
};

}  // namespace dq
