// The one thread that writes: commits a batch, again and again while the database is away, until it
// is durable or refused. The next batch grows meanwhile: that is the group commit. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "scheduler/core/job_store.h"

namespace dq {

// Called from the writer's thread, with the epoch of the batch.
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

  // Writes `batch`. One at a time: the listener has heard of the one before, or it was abandoned.
  void Commit(std::shared_ptr<const WriteBatch> batch) EXCLUDES(mutex_);
  // Gives up the batch that is being written, if any: it is not repeated any more. The listener may
  // still hear of a commit that runs.
  void Abandon() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);
  void CommitUntilDecided(const std::shared_ptr<const WriteBatch>& batch) EXCLUDES(mutex_);
  // Waits before a repetition; returns whether the batch is still wanted.
  bool WaitToRepeat(const std::shared_ptr<const WriteBatch>& batch, absl::Duration wait)
      EXCLUDES(mutex_);

  JobStore& store_;
  const CommitListener listener_;
  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const WriteBatch> batch_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
