// The thread that carries schedules on while this replica leads: it sleeps until the next time that
// is recorded, until it is woken, or until it looks for the ends of what runs. A look now and then
// finds what nobody woke it for, and that the clock was set. Thread-safe.
#pragma once

#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "scheduler/engine/schedule_driver.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

struct ScheduleRunnerOptions {
  absl::Duration look_interval = absl::Seconds(60);  // At the times of all schedules, unless woken.
  absl::Duration end_interval = absl::Seconds(1);    // At what runs.
  absl::Duration later = absl::Seconds(1);           // After a pass that failed.
  absl::Duration standby_interval = absl::Milliseconds(500);  // Whether this replica leads now.
};

class ScheduleRunner {
 public:
  explicit ScheduleRunner(ScheduleRunnerOptions options = {}) : options_(options) {}
  // Calls Stop().
  ~ScheduleRunner() { Stop(); }

  // Starts the thread. `scheduler` and what `driver` stands on live until Stop().
  void Start(const Scheduler& scheduler, std::unique_ptr<ScheduleDriver> driver);
  // Ends the pass that runs and joins. What is not done the next leader does.
  void Stop() EXCLUDES(mutex_);
  // There may be something to do. Returns at once.
  void Wake() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);
  // Makes a pass and returns how long nothing else is to be done.
  absl::Duration PassAndWait();
  // Returns whether the thread is to go on.
  bool Sleep(absl::Duration wait) EXCLUDES(mutex_);

  const ScheduleRunnerOptions options_;
  const Scheduler* scheduler_ = nullptr;    // Set by Start().
  std::unique_ptr<ScheduleDriver> driver_;  // Set by Start().
  Mutex mutex_;
  CondVar changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
