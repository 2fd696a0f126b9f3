// The engine behind Scheduler: the cell on its run loop, the commit writer, the election and the
// announcer, wired together. Included by scheduler*.cc alone. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "common/base/executor.h"
#include "common/base/mutex.h"
#include "scheduler/engine/announcer.h"
#include "scheduler/engine/cell.h"
#include "scheduler/engine/commit_writer.h"
#include "scheduler/engine/leader_election.h"
#include "scheduler/engine/run_loop.h"
#include "scheduler/engine/scheduler.h"
#include "scheduler/engine/watch_hub.h"

namespace dq {

// What callers are told once the scheduler shuts down, and while too many wait.
absl::Status SchedulerDrains();
absl::Status SchedulerQueueFull();

class Scheduler::Impl {
 public:
  Impl(SchedulerOptions options, JobStore& store, const Clock& clock, EngineMetrics& metrics,
       EndListener ends);

  void Start();
  void Stop() EXCLUDES(mutex_);
  bool IsServing() const { return serving_.load(std::memory_order_acquire); }
  absl::Status Refusal() const EXCLUDES(mutex_);

  // Runs `act(cell, now)` on the loop, or tells `done` why it will not.
  template <typename Done, typename Act>
  void Ask(Done done, Act act);
  // Returns what calls `done` on the announcer's thread.
  template <typename Result>
  std::function<void(Result)> Announced(std::shared_ptr<std::function<void(Result)>> done);
  // Runs `act(cell, now)` on the loop even when many wait; not at all after Stop().
  template <typename Act>
  bool Tell(Act act);

  void TellReopening(const JobName& name) const {
    if (ends_.reopening) ends_.reopening(name);
  }

  void TellDeleted() const {
    if (ends_.deleted) ends_.deleted();
  }

  WatchHub& watches() { return watches_; }
  Announcer& announcer() { return announcer_; }
  SessionId NextSession() { return next_session_.fetch_add(1, std::memory_order_relaxed); }

 private:
  CommitListener ListenToWriter();
  void TellEnds(const SpentBatch& spent) const;
  ElectionListener ListenToElection();
  absl::Time AfterPass(const Instant& now) EXCLUDES(mutex_);
  // Has the records read that the cell wants, if any.
  void LoadRecords(const Instant& now);
  void StepDownAndResign(const absl::Status& why) EXCLUDES(mutex_);
  void StepDown(const absl::Status& why) EXCLUDES(mutex_);
  void WaitUntilFlushed() EXCLUDES(mutex_);

  const SchedulerOptions options_;
  JobStore& store_;
  const EndListener ends_;
  WatchHub watches_;
  Cell cell_;  // Touched by the loop's thread only.
  std::atomic<bool> serving_ = false;
  std::atomic<SessionId> next_session_ = 1;
  mutable Mutex mutex_;
  CondVar flushed_changed_;
  bool flushing_ GUARDED_BY(mutex_) = false;
  bool flushed_ GUARDED_BY(mutex_) = false;
  bool started_ GUARDED_BY(mutex_) = false;
  absl::Status refusal_ GUARDED_BY(mutex_);
  Announcer announcer_;
  CommitWriter writer_;
  LeaderElection election_;
  RunLoop loop_;
  Executor loader_{1, Cell::kLoadsInFlightMax};
};

template <typename Act>
bool Scheduler::Impl::Tell(Act act) {
  return loop_.Post([this, act = std::move(act)](const Instant& now) mutable { act(cell_, now); });
}

template <typename Result>
std::function<void(Result)> Scheduler::Impl::Announced(
    std::shared_ptr<std::function<void(Result)>> done) {
  return [this, done = std::move(done)](Result result) {
    announcer_.Post([done, result = std::move(result)]() mutable { (*done)(std::move(result)); });
  };
}

template <typename Done, typename Act>
void Scheduler::Impl::Ask(Done done, Act act) {
  // Shared, because a refused command takes its captures with it.
  auto shared_done = std::make_shared<Done>(std::move(done));
  const bool accepted =
      loop_.Offer([this, shared_done, act = std::move(act)](const Instant& now) mutable {
        act(cell_, now, Announced(std::move(shared_done)));
      });
  if (!accepted) (*shared_done)(loop_.IsStopped() ? SchedulerDrains() : SchedulerQueueFull());
}

}  // namespace dq
