// A thread that carries batches on while this replica leads: one step of each that has something
// to do, in turn. It hears of ends and of wishes by Wake(); a look at all open batches now and then
// finds what nobody woke it for. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/engine/batch_steps.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

struct BatchRunnerOptions {
  absl::Duration look_interval = absl::Seconds(60);           // At all open batches, unless woken.
  absl::Duration later = absl::Seconds(1);                    // After BatchPace::kLater.
  absl::Duration soon = absl::Milliseconds(200);              // After BatchPace::kSoon.
  absl::Duration standby_interval = absl::Milliseconds(500);  // Whether this replica leads now.
};

class BatchRunner {
 public:
  // `batches` and `clock` outlive the runner.
  BatchRunner(BatchStore& batches, const Clock& clock, BatchRunnerOptions options = {})
      : batches_(batches), clock_(clock), options_(options) {}
  // Calls Stop().
  ~BatchRunner() { Stop(); }

  // Starts the thread. `scheduler` and what `steps` stands on live until Stop().
  void Start(const Scheduler& scheduler, std::unique_ptr<BatchSteps> steps);
  // Ends the step that runs and joins. What is not done the next leader does.
  void Stop() EXCLUDES(mutex_);
  // There may be something to do for this batch. Returns at once; forgotten while
  // this replica does not lead, whose successor looks at all of them.
  void Wake(BatchKey key) EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);
  // Returns the batches whose time has come, and takes them off the list.
  std::vector<BatchKey> TakeDue() EXCLUDES(mutex_);
  // Puts all open batches on the list.
  void LookAtAll() EXCLUDES(mutex_);
  void StepOf(BatchKey key) EXCLUDES(mutex_);
  // A batch that is due earlier stays so.
  void Schedule(BatchKey key, absl::Time due) EXCLUDES(mutex_);
  void WaitUntil(absl::Time due) EXCLUDES(mutex_);
  bool IsStopping() const EXCLUDES(mutex_);

  BatchStore& batches_;
  const Clock& clock_;
  const BatchRunnerOptions options_;
  const Scheduler* scheduler_ = nullptr;  // Set by Start().
  std::unique_ptr<BatchSteps> steps_;     // Set by Start().
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<BatchKey, absl::Time> due_ GUARDED_BY(mutex_);  // Boot clock.
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
