// Port: what the engine needs of the database. The engine decides in memory and calls Commit; an
// implementation (scheduler/store on PostgreSQL, a fake under tests/support) makes it durable.
// Calls block; they are made from the engine's writer and leadership threads, never from a gRPC
// thread. Implementations are thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/job.h"
#include "scheduler/core/webhook.h"

namespace dq {

// The leadership row after a successful acquisition.
struct Leadership {
  int64_t epoch = 0;  // +1 at every acquisition.
};

// A job to insert, already with the status and events of everything that happened to it in this
// batch.
struct JobInsert {
  JobRecord record;
  std::vector<JobEventRecord>
      events;  // From sequence 1; the last one's equals record.status.version.
};

// The new status of a recorded job: at most one per job and batch; several transitions are merged.
struct JobUpdate {
  JobKey key = 0;
  JobName name;
  BatchKey batch = 0;            // Of which the job is an operation.
  int32_t expected_attempt = 0;  // The fence: what the row holds now.
  std::string expected_token;
  JobStatus status;
  std::optional<JobResult>
      result;              // Set with the transition to COMPLETED; its outputs become files.
  std::string created_by;  // Owner of those files.
  std::vector<JobEventRecord> events;  // Empty only when the state stays as it is.
};

// The newest checkpoint of a running job, with the lease under which it was reported: at most one
// per job and batch.
struct CheckpointSave {
  JobKey key = 0;
  int32_t attempt = 0;  // The fence: what the row holds before the updates of the batch.
  std::string token;
  std::shared_ptr<const JobCheckpoint> checkpoint;
};

// Everything one commit makes durable, all or nothing.
struct WriteBatch {
  int64_t epoch = 0;  // Of the leader; a newer one in the database refuses the batch.
  int64_t sequence =
      0;  // Counts the batches of an epoch from 1: makes a repeated Commit recognisable.
  // The batch of this epoch that must be written before this one; 0: none. The next batch may be
  // handed over while that one is still being written.
  int64_t after = 0;
  // The newest batch of this epoch whose result the leader knew when it closed this one.
  int64_t heard = 0;
  absl::Time now;
  std::vector<JobInsert> inserts;
  std::vector<JobUpdate> updates;
  std::vector<CheckpointSave> checkpoints;  // Written before the updates.
  std::vector<JobKey> dropped_checkpoints;  // Of these jobs none is kept; after all else.
  // Projects with webhooks: their jobs' ends are recorded for these as well. Null: none has any.
  std::shared_ptr<const std::set<std::string>> announced_projects;
};

// What became of one insert.
enum class InsertOutcome {
  kInserted,
  kExisted,          // The same request_id with the same request_hash: `record` is the earlier job.
  kRequestIdReused,  // The same request_id with another request_hash.
  kIdTaken,          // The name belongs to another job.
  kRefused,          // The database takes no such row: see `refusal`.
};

struct InsertResult {
  InsertOutcome outcome = InsertOutcome::kInserted;
  JobRecord record;  // Only with kExisted.
  // Only with kRefused: INVALID_ARGUMENT (ROW_REFUSED); UNAVAILABLE (EARLIER_RESULT_GONE) when a
  // file of the result that it has from another job is not recorded any more.
  absl::Status refusal = {};
};

// A recorded job of which the batch held a value that the database does not take. Its checkpoint
// was not written; in place of its update was written what RefusedEnd() makes of it, or nothing.
struct RefusedJob {
  JobKey key = 0;
  absl::Status why;    // INVALID_ARGUMENT (ROW_REFUSED).
  JobRecord recorded;  // As it is recorded now, as of LoadJobs().
};

struct BatchResult {
  std::vector<InsertResult> inserts;  // One per insert, in order.
  std::vector<RefusedJob> refused;
};

// Recorded jobs that wait for nothing but their turn or a person (IsTimeless()) and are alike:
// their places are told, their records are not.
struct WaitingJobs {
  JobState state = JobState::kQueued;  // QUEUED or PAUSED.
  std::string project;
  JobRules rules;            // Only the queue, the priority, the stages and the concurrency key.
  std::vector<JobKey> keys;  // Ascending.
};

// Returns whether nothing happens to the job by itself, as time passes or as others end.
inline bool IsTimeless(const JobRecord& job) {
  const JobStatus& status = job.status;
  if (status.state == JobState::kPaused) return job.dependencies.empty();
  const bool is_bound = status.attempt == 0 && job.rules.start_deadline != absl::InfiniteFuture();
  return status.state == JobState::kQueued && !is_bound;
}

// What lives.
struct LiveJobs {
  std::vector<JobRecord> jobs;  // Those that are not timeless; without file_ids, reference_ids.
  std::vector<WaitingJobs> waiting;
  JobKey last = 0;  // The greatest key of all of them; 0: there is none.
};

// One of several parts of all jobs, disjoint and about alike in size: whoever reads every one of
// `of` parts has read all.
struct LoadShare {
  int index = 0;
  int of = 1;
};

// A worker that is given no jobs, because an operator asked for it.
struct WorkerDrain {
  std::string worker;  // The instance.
  std::string actor;
  std::string reason;
  absl::Time time;
  friend bool operator==(const WorkerDrain&, const WorkerDrain&) = default;
};

// Tells a standby that a leader gave the leadership back. Await() is called by one thread, Stop()
// by any.
class ReleaseWatch {
 public:
  virtual ~ReleaseWatch() = default;

  // Returns once the leadership was given back since the last call, and after `wait` at the latest.
  // May return earlier, and may miss what happened before the first call or while the database was
  // away: a hint, nothing rests on it.
  virtual void Await(absl::Duration wait) = 0;
  // Ends Await() at once, now and ever after.
  virtual void Stop() = 0;
};

class JobStore {
 public:
  static constexpr int kLoadSharesMax = 2;

  virtual ~JobStore() = default;

  // Takes the leadership of the cell when it is free, expired or already `instance`'s, for `ttl` by
  // the database's clock. FAILED_PRECONDITION (reason NOT_LEADER, metadata leader, address and
  // lives_us, for how long it does unless it is extended) when another holds it.
  virtual absl::StatusOr<Leadership> AcquireLeadership(const std::string& instance,
                                                       const std::string& address,
                                                       absl::Duration ttl) = 0;
  // Extends it. ABORTED (NOT_LEADER) when the epoch is not the newest.
  virtual absl::Status RenewLeadership(int64_t epoch, absl::Duration ttl) = 0;
  // Ends it at once, so that a standby need not wait, and tells those that watch; later commits of
  // that epoch are refused. Not an error when it is lost already.
  virtual absl::Status ReleaseLeadership(int64_t epoch) = 0;
  // Returns what hears of releases. The store outlives it.
  virtual std::unique_ptr<ReleaseWatch> WatchReleases() = 0;

  // Makes a batch durable; OK means it is. ABORTED (NOT_LEADER): another leads, nothing was
  // written. ABORTED (FENCED): a row did not hold the expected attempt and token, nothing was
  // written; the leader's memory is wrong and it must step down. UNAVAILABLE: unknown or not
  // written, or the batch before is not; call again with the identical batch until it succeeds or
  // is refused: a batch that was written is recognised by (epoch, sequence) and answered as the
  // first time, never written twice.
  // A row that is refused for its data (a check, a range, an index' limit) fails alone: the result
  // says so, and everything else is written. Until the leader has heard of it, a batch with another
  // change of that job is FENCED: it rests on what is not so.
  virtual absl::StatusOr<BatchResult> Commit(const WriteBatch& batch) = 0;

  // Returns the first `limit` jobs of `share` in no terminal state with key > `after`. As many
  // shares as kLoadSharesMax are read at the same time.
  virtual absl::StatusOr<LiveJobs> LoadLiveJobs(JobKey after, int limit, LoadShare share) = 0;

  // Returns the jobs of these keys and of these names that exist, in any order, one of both twice;
  // without file_ids and reference_ids.
  virtual absl::StatusOr<std::vector<JobRecord>> LoadJobs(const std::vector<JobKey>& keys,
                                                          const std::vector<JobName>& names) = 0;

  // Returns the limits that were set.
  virtual absl::StatusOr<std::vector<GroupLimit>> LoadLimits() = 0;

  // Returns the workers that are drained.
  virtual absl::StatusOr<std::vector<WorkerDrain>> LoadDrains() = 0;

  // Returns the webhooks that there are.
  virtual absl::StatusOr<std::vector<WebhookPlace>> LoadWebhooks() = 0;

  // Returns the number of jobs by state; absent states have none. Kept, not counted.
  virtual absl::StatusOr<std::map<JobState, int64_t>> LoadStateCounts() = 0;
};

}  // namespace dq
