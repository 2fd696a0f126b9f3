// Who runs what and until when: the leases of all running jobs with their expiry, execution
// deadline and the end of their patience for progress. All times are CLOCK_BOOTTIME, handed in. The
// fence (attempt and token) is part of the job's status; safety rests on it, this table only
// decides when to stop waiting. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "scheduler/core/job.h"
#include "scheduler/core/timer_queue.h"

namespace dq {

// Names a worker process, whatever stream it uses.
using WorkerId = int64_t;

// How long an attempt may run.
struct AttemptLimits {
  absl::Time execution_deadline = absl::InfiniteFuture();
  absl::Duration no_progress_timeout = absl::InfiniteDuration();
};

struct Lease {
  WorkerId worker = 0;
  absl::Time expiry;
  AttemptLimits limits;
  absl::Time progress_deadline = absl::InfiniteFuture();
};

enum class LeaseEnd { kExpired, kTimedOut, kStalled };

struct EndedLease {
  JobKey job = 0;
  WorkerId worker = 0;
  LeaseEnd end = LeaseEnd::kExpired;
};

class LeaseTable {
 public:
  // A lease lives for `ttl` after it was granted or renewed, and at most `broken_stream_ttl` after
  // its worker's stream broke.
  LeaseTable(absl::Duration ttl, absl::Duration broken_stream_ttl)
      : ttl_(ttl), broken_stream_ttl_(broken_stream_ttl) {}

  // Adds a lease of a job that has none.
  void Grant(JobKey job, WorkerId worker, absl::Time now, const AttemptLimits& limits);
  // Gives the lease a full life again.
  void Renew(JobKey job, absl::Time now);
  // The attempt has got further: its patience for progress begins anew.
  void Progressed(JobKey job, absl::Time now);
  // Makes `worker` the holder of an existing lease and renews it: it came back on a new stream.
  void Attach(JobKey job, WorkerId worker, absl::Time now);
  // Gives every lease a full life and a full patience again: the process itself stood still.
  void RenewAll(absl::Time now);
  // Shortens the leases of `worker`, whose stream broke.
  void Shorten(WorkerId worker, absl::Time now);
  // Removes the lease, if any.
  void Remove(JobKey job);

  // Returns the lease; null when the job has none. Valid until the next change.
  const Lease* Find(JobKey job) const;
  // Returns the jobs leased to `worker`, oldest first.
  std::vector<JobKey> JobsOf(WorkerId worker) const;
  // Returns all jobs with a lease, in any order.
  std::vector<JobKey> Jobs() const;
  // Returns how many jobs are leased to `worker`.
  int64_t CountOf(WorkerId worker) const;

  // Takes out the earliest lease whose expiry or one of whose deadlines has come; nothing when
  // there is none.
  std::optional<EndedLease> PopEnded(absl::Time now);
  // Returns a time before which PopEnded() has nothing to say.
  absl::Time NextDue() const { return timers_.NextDue(); }
  int64_t size() const { return static_cast<int64_t>(leases_.size()); }

 private:
  absl::Duration ttl_;
  absl::Duration broken_stream_ttl_;
  absl::flat_hash_map<JobKey, Lease> leases_;
  absl::flat_hash_map<WorkerId, absl::flat_hash_set<JobKey>> jobs_of_;
  // A renewed lease keeps its earlier timer and is looked at again when that is due: a report costs
  // no reordering.
  TimerQueue timers_;
};

}  // namespace dq
