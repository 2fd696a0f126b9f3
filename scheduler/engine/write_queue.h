// What the cell has decided and the database does not hold yet: batches of rows in order, each with
// what may be told once it is durable. The first ones are sealed and being committed, so that the
// next is ready when the database has written the one before; those behind still grow. Several
// changes of one job in one batch become one row. Single-threaded: owned by the cell.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "scheduler/core/job_store.h"
#include "scheduler/core/lease_table.h"
#include "scheduler/engine/instant.h"
#include "scheduler/engine/job_table.h"
#include "scheduler/engine/scheduler.h"
#include "scheduler/engine/watch_hub.h"

namespace dq {

using SubmitDone = std::function<void(absl::StatusOr<SubmitResult>)>;

// Many jobs submitted by one call, answered together.
struct BulkSubmit {
  std::vector<BulkOutcome> outcomes;
  size_t left = 0;  // Not decided yet.
  BulkDone done;

  // Sets one outcome; answers with the last.
  void Set(size_t index, BulkOutcome outcome);
};

// Who waits for an insert: a call of its own, or one place of a bulk.
struct Submission {
  SubmitDone done = {};
  std::shared_ptr<BulkSubmit> bulk = {};
  size_t index = 0;
  JobPlace place = {};  // What the job counts in already.
  // The worker that takes the job as it comes, its stream then, and when that was on the boot
  // clock: the job is recorded with the lease. 0: none.
  WorkerId worker = 0;
  int64_t session = 0;
  absl::Time claimed = {};

  void Fail(const absl::Status& why);
  // `make_view` is called when the whole job is wanted.
  template <typename MakeView>
  void Succeed(const JobName& name, bool existed, MakeView make_view) {
    if (bulk != nullptr) return bulk->Set(index, {absl::OkStatus(), name, existed});
    done(SubmitResult{make_view(), existed});
  }
};

// Called once: with OK when everything decided before is durable, else with why it never will be.
using Release = std::function<void(const absl::Status&)>;

// Who waits for a change of one job.
struct JobRelease {
  JobKey job = 0;
  Release release;
};

// What a worker will be told. Dropped when its stream is not `session` any more.
struct TurnDraft {
  WorkerId worker = 0;
  int64_t session = 0;
  WorkerTurn turn;
  // Leases it revokes that no report has listed: their slots count as taken until it is sent.
  int32_t unseen_revoked = 0;
};

// A change that watchers will be told.
struct DraftChange {
  JobKey job = 0;
  ChangeKind kind = ChangeKind::kState;
  std::shared_ptr<const JobView> view;  // Null: nobody watched when it was decided.
};

struct PendingBatch {
  std::shared_ptr<WriteBatch> rows = std::make_shared<WriteBatch>();
  bool frozen = false;                // Its rows say what they will say.
  bool sealed = false;                // Handed over.
  absl::Time opened;                  // Boot clock.
  absl::Time committing_since;        // Boot clock; once it is the first sealed one.
  std::vector<Submission> submitted;  // One per insert.
  std::vector<LiveJob*> changed;      // One per update.
  std::vector<JobRelease> releases;
  std::vector<Release> reads;  // Like `releases`, of those who changed nothing.
  std::vector<TurnDraft> turns;
  absl::flat_hash_map<WorkerId, size_t> turn_of;  // Index in `turns`.
  std::vector<DraftChange> changes;
  size_t insert_bytes = 0;  // Of the jobs' payloads.

  size_t RowCount() const {
    return rows->inserts.size() + rows->updates.size() + rows->checkpoints.size();
  }
  // Returns what `worker` will be told on `session` with this batch.
  TurnDraft& DraftFor(WorkerId worker, int64_t session);
  WorkerTurn& TurnFor(WorkerId worker, int64_t session) { return DraftFor(worker, session).turn; }
  // Takes back a grant that `worker` would have been told.
  void Withdraw(WorkerId worker, const LeaseId& lease);
};

class WriteQueue {
 public:
  // A batch takes at most `rows_max` rows, fewer when they are large.
  explicit WriteQueue(int rows_max) : rows_max_(static_cast<size_t>(rows_max)) {}

  // Begins the epoch of a new leader; the queue is empty.
  void Restart(int64_t epoch);
  // Adds an insert; returns its batch.
  PendingBatch& Insert(JobInsert insert, Submission submission, const Instant& now);
  // Returns the batch that records the job's newest change, with a row for it: always the newest,
  // so that what follows from a change is never recorded before it. The row's status is taken from
  // the job when the batch is frozen: when it is sealed, or full and the next one opened.
  PendingBatch& Change(LiveJob& job, const Instant& now);
  // Returns the checkpoint that the job has under its present lease, to be recorded.
  static CheckpointSave CheckpointOf(const LiveJob& job);
  // Adds it to the newest batch; to that of the change that ends the lease.
  void SaveCheckpoint(LiveJob& job, const Instant& now);
  void SaveCheckpointIn(PendingBatch& batch, LiveJob& job, CheckpointSave save);
  // Returns the row of `job` in the batch that Change() returned.
  static JobUpdate& RowOf(PendingBatch& batch, const LiveJob& job) {
    return batch.rows->updates[job.update_index];
  }

  // From now on batches that are sealed say that the ends of these projects' jobs are announced.
  void Announce(std::shared_ptr<const std::set<std::string>> projects) {
    announced_ = std::move(projects);
  }
  // Returns the batch of that sequence; null once it is durable.
  PendingBatch* Find(int64_t sequence);
  // Returns the newest batch; null when everything is durable.
  PendingBatch* Newest() { return batches_.empty() ? nullptr : &batches_.back(); }
  bool IsDurable(int64_t sequence) const { return sequence <= durable_; }
  // Returns the sequence of the oldest batch that is not durable; there is one.
  int64_t OldestSequence() const { return batches_.front().rows->sequence; }
  bool empty() const { return batches_.empty(); }
  int64_t rows_pending() const { return rows_pending_; }

  // Closes the oldest unsealed batch for changes and returns its rows; null when there is none.
  std::shared_ptr<const WriteBatch> Seal(const Instant& now);
  // Returns how many batches are being committed.
  int SealedCount() const;
  // Returns since when the oldest of them is: an infinite future when there is none.
  absl::Time CommittingSince() const;
  // Returns when the oldest unsealed batch was opened: an infinite future when there is none.
  absl::Time OldestOpened() const;
  // Returns how many rows the oldest unsealed batch has.
  size_t RowsToSeal() const;
  // Takes out the oldest sealed batch: it is durable.
  PendingBatch TakeDurable(const Instant& now);
  // Takes out the reads that wait.
  std::vector<Release> TakeReads();
  // Takes out everything: it never will be.
  std::deque<PendingBatch> TakeAll();

 private:
  PendingBatch& Open(const Instant& now);
  static void Freeze(PendingBatch& batch);
  const PendingBatch* FirstUnsealed() const;

  const size_t rows_max_;
  int64_t epoch_ = 0;
  int64_t next_sequence_ = 1;
  int64_t durable_ = 0;
  int64_t rows_pending_ = 0;
  std::shared_ptr<const std::set<std::string>> announced_;  // Null: of none.
  std::deque<PendingBatch> batches_;                        // By sequence, the sealed ones first.
};

}  // namespace dq
