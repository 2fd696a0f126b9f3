// The jobs of the cell that are in memory: found by key and by name. Single-threaded: owned by the
// cell.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "scheduler/core/job.h"
#include "scheduler/core/ready_queue.h"
#include "scheduler/core/stage_matching.h"

namespace dq {

// A job as decided. The database may be one or two batches behind: see `last_batch`.
struct LiveJob {
  JobRecord record;
  DemandId demand = 0;
  JobPlace place;
  JobProgress progress;
  absl::Time progress_published = absl::InfinitePast();  // Boot clock.
  absl::Time queued_since = absl::InfinitePast();        // Wall clock; while QUEUED.
  // Boot clock, as far as this leader has seen it.
  absl::Time in_state_since = absl::InfinitePast();
  absl::Time granted = absl::InfinitePast();     // The attempt.
  absl::Time progressed = absl::InfinitePast();  // When the attempt last got further.

  int64_t last_batch = 0;   // The newest batch that changes it.
  size_t update_index = 0;  // Its row in that batch.
  int64_t claim_batch = 0;  // The batch that records its newest grant.
  int32_t row_attempt = 0;  // What its row holds once every sealed batch is durable: the fence.
  std::string row_token;

  bool checkpoint_unsaved = false;   // Whether no batch has the newest one yet.
  bool checkpoint_recorded = false;  // Whether the database has one, or a batch on its way.
  int64_t checkpoint_batch = 0;      // The batch with its newest one.
  size_t checkpoint_index = 0;       // Its place there.

  int64_t session = 0;  // The stream its lease was granted or last reported on.
  // Whether the worker may know of its lease; what an earlier leader granted counts as told.
  bool grant_told = true;
  bool lease_seen = false;  // Whether the worker has reported the lease.
};

class JobTable {
 public:
  // Adds a job whose key and name are new. The reference stays valid until Take().
  LiveJob& Add(JobRecord record, DemandId demand, const JobPlace& place);
  // Return null for an unknown job.
  LiveJob* Find(JobKey key);
  LiveJob* Find(const JobName& name);
  const LiveJob* Find(JobKey key) const;
  // Takes out a job that is there.
  std::unique_ptr<LiveJob> Take(JobKey key);
  void Clear();
  // Returns the jobs of `project`, oldest first. Looks at all jobs.
  std::vector<LiveJob*> OfProject(const std::string& project);
  size_t size() const { return by_key_.size(); }

 private:
  struct NameHash {
    using is_transparent = void;
    size_t operator()(const JobName& name) const { return absl::HashOf(name); }
    size_t operator()(const LiveJob* job) const { return absl::HashOf(job->record.name); }
  };
  struct NameEqual {
    using is_transparent = void;
    static const JobName& NameOf(const JobName& name) { return name; }
    static const JobName& NameOf(const LiveJob* job) { return job->record.name; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return NameOf(a) == NameOf(b);
    }
  };

  absl::flat_hash_map<JobKey, std::unique_ptr<LiveJob>> by_key_;
  absl::flat_hash_set<LiveJob*, NameHash, NameEqual> by_name_;
};

// Returns the job's place among the ready ones.
ReadyJob AsReady(const LiveJob& job);
// Returns the job's current lease; its token is empty when it has none.
LeaseId LeaseOf(const LiveJob& job);
// Returns whether `lease` is the one that the job runs under now.
bool Holds(const LiveJob& job, const LeaseId& lease);

}  // namespace dq
