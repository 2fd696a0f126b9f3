// The thread that has references validated while this replica leads: of each version that is
// VALIDATING it submits the job that reads the file, waits for its end and records what that says.
// What it has done is in the record alone, so that whichever replica leads goes on. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/job_reader.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

// What the validator is told of jobs and reports. Called from its thread; may block.
struct ReferenceValidation {
  // Returns the record of the job that validates a version. An error refuses it, but UNAVAILABLE.
  std::function<absl::StatusOr<JobRecord>(const ValidatingReference&)> make;
  // Returns the version as the end of that job makes it.
  std::function<ReferenceVersion(ReferenceVersion, const JobRecord& ended,
                                 const std::string& report_json)>
      judge;
  // Removes what the job has written and nobody needs. May be called again.
  std::function<absl::Status(const JobRecord& ended)> clear_up;
};

struct ReferenceValidatorOptions {
  absl::Duration first_wait = absl::Milliseconds(100);  // For the end of a job; grows by a half.
  absl::Duration longest_wait = absl::Seconds(3);
  absl::Duration look_interval = absl::Seconds(60);  // While nothing is VALIDATING.
  absl::Duration standby_interval = absl::Milliseconds(500);
};

class ReferenceValidator {
 public:
  // The references outlive the validator.
  ReferenceValidator(CatalogStore& catalog, JobReader& jobs, ReferenceValidation validation,
                     ReferenceValidatorOptions options = {})
      : catalog_(catalog), jobs_(jobs), validation_(std::move(validation)), options_(options) {}
  // Calls Stop().
  ~ReferenceValidator() { Stop(); }

  // Starts the thread. `scheduler` lives until Stop().
  void Start(Scheduler& scheduler);
  // Ends the step that runs and joins. What is not done the next leader does.
  void Stop() EXCLUDES(mutex_);
  // There may be something to validate. Returns at once.
  void Wake() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);
  // Takes one step with each version that is VALIDATING; returns whether there are any.
  bool StepOfAll() EXCLUDES(mutex_);
  void StepOf(const ValidatingReference& reference);
  void Submit(const ValidatingReference& reference);
  void Settle(ValidatingReference reference, const JobRecord& ended);
  // Waits until `wait` is over or somebody wakes it; returns whether somebody did.
  bool Wait(absl::Duration wait) EXCLUDES(mutex_);
  bool IsStopping() const EXCLUDES(mutex_);

  CatalogStore& catalog_;
  JobReader& jobs_;
  const ReferenceValidation validation_;
  const ReferenceValidatorOptions options_;
  Scheduler* scheduler_ = nullptr;  // Set by Start().
  mutable Mutex mutex_;
  CondVar changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
