// The thread that deletes what has ended long ago, and uploads that came long ago and that nothing
// names, while this replica leads, and has storage cleared of what was deleted. It works in bounded
// steps under a rate, beside the run loop: a deletion is refused to whoever leads no more.
// Thread-safe.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/engine/answers.h"
#include "scheduler/engine/engine_metrics.h"
#include "scheduler/engine/job_deletion.h"
#include "scheduler/engine/scheduler.h"
#include "scheduler/engine/storage_debts.h"

namespace dq {

struct RetentionOptions {
  // Since a job's or batch's end, or the upload of a file that nothing names; 0: for ever.
  absl::Duration finished = absl::ZeroDuration();
  // Younger uploads stay, however short that is: their jobs may still be on their way.
  absl::Duration upload_age_min = absl::Hours(1);
  int per_second_max = 1000;  // Jobs and uploads, on average.
  absl::Duration look_interval = absl::Minutes(1);
  absl::Duration standby_interval = absl::Milliseconds(500);  // Whether this replica leads now.
};

class Retention {
 public:
  // The references outlive it.
  Retention(DeletionStore& store, BatchStore& batches, StorageDebts& debts, const Clock& clock,
            EngineMetrics& metrics, RetentionOptions options)
      : store_(store),
        batches_(batches),
        debts_(debts),
        clock_(clock),
        metrics_(metrics),
        options_(options) {}
  // Calls Stop().
  ~Retention() { Stop(); }

  // Starts the thread. `scheduler` lives until Stop().
  void Start(Scheduler& scheduler);
  // Ends the step that runs and joins. What is not done the next leader does.
  void Stop() EXCLUDES(mutex_);
  // Jobs were deleted: storage may be owed something. Returns at once.
  void Wake() EXCLUDES(mutex_);

 private:
  // What a round has done.
  struct Tally {
    int64_t jobs = 0;
    int64_t batches = 0;
    int64_t uploads = 0;
    int64_t refused = 0;
  };
  void Run() EXCLUDES(mutex_);
  void PayDebts();
  void Expire();
  void ExpireJobs(Tally& tally);
  // Deletes jobs in one transaction, and in halves what the database does not delete together: one
  // row that it cannot delete keeps no other. Returns what became of each; nothing when it stops.
  std::optional<std::vector<absl::Status>> DeleteEach(const std::vector<JobName>& jobs);
  void ExpireBatches(Tally& tally);
  void ExpireUploads(Tally& tally);
  // Returns how many jobs went with it.
  int64_t ExpireBatch(const ExpiredBatch& batch, Tally& tally);
  DeletionWish Wish() const;
  bool GoesOn() const EXCLUDES(mutex_);
  // Waits so long that so many jobs keep to the rate.
  void KeepToRate(int64_t jobs) EXCLUDES(mutex_);
  void WaitFor(absl::Duration longest) EXCLUDES(mutex_);

  DeletionStore& store_;
  BatchStore& batches_;
  StorageDebts& debts_;
  const Clock& clock_;
  EngineMetrics& metrics_;
  const RetentionOptions options_;
  const std::shared_ptr<Abandonment> abandonment_ = std::make_shared<Abandonment>();
  Scheduler* scheduler_ = nullptr;  // Set by Start().
  mutable Mutex mutex_;
  CondVar changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
