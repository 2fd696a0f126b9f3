// The threads that write: commit a batch, again and again while the database is away, until it is
// durable or refused. While one batch is written, the next one waits in the store, translated
// already; the one after grows meanwhile: that is the group commit. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "scheduler/core/job_store.h"

namespace dq {

// Called from the writer's threads, in the order of the batches, with the epoch of the batch.
struct CommitListener {
  std::function<void(int64_t epoch, BatchResult)> committed;
  // Another leads, or the batch can never be written: the leader must step down.
  std::function<void(int64_t epoch, absl::Status)> refused;
  // The first failure of a batch; it is being repeated.
  std::function<void(int64_t epoch, absl::Status)> failing;
};

class CommitWriter {
 public:
  // `store` outlives the writer.
  CommitWriter(JobStore& store, CommitListener listener);
  // Calls Stop().
  ~CommitWriter();

  void Start();
  // Ends after the commit that runs, if any; joins. Call from one thread only.
  void Stop() EXCLUDES(mutex_);

  // Writes `batch` after those before it. At most kThreads at a time that the listener has not
  // heard of.
  void Commit(std::shared_ptr<const WriteBatch> batch) EXCLUDES(mutex_);
  // Gives up the batches that are being written, if any: they are not repeated any more. The
  // listener may still hear of a commit that runs.
  void Abandon() EXCLUDES(mutex_);

  static constexpr int kThreads = 2;

 private:
  using Batch = std::shared_ptr<const WriteBatch>;

  void Run() EXCLUDES(mutex_);
  void CommitUntilDecided(const Batch& batch) EXCLUDES(mutex_);
  void Tell(const Batch& batch, absl::StatusOr<BatchResult> result) EXCLUDES(mutex_);
  // Return whether the batch is still wanted: after a wait before a repetition, and once all
  // batches before it are told of.
  bool WaitToRepeat(const Batch& batch, absl::Duration wait) EXCLUDES(mutex_);
  bool WaitForTurn(const Batch& batch) EXCLUDES(mutex_);
  // Returns whether all batches before it are told of.
  bool IsFirst(const Batch& batch) EXCLUDES(mutex_);
  bool IsWantedLocked(const Batch& batch) REQUIRES(mutex_);

  JobStore& store_;
  const CommitListener listener_;
  Mutex mutex_;
  CondVar handed_over_;  // To one thread without a batch, or all must stop.
  CondVar changed_;      // What a thread with a batch waits for.
  std::deque<Batch> waiting_ GUARDED_BY(mutex_);  // No thread has taken them.
  std::deque<Batch> wanted_ GUARDED_BY(mutex_);   // All that are not told of, in order.
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Written by Start() and Stop() only.
};

}  // namespace dq
