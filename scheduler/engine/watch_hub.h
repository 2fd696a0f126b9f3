// Hands committed changes to watchers and keeps the newest of them, so that a watcher that comes
// back with a resume token misses nothing. Nothing is kept before the first watch, nor once the
// last watcher is gone for a whole backlog of changes: a scheduler that nobody watches pays
// nothing. Thread-safe; sinks are called by the thread that calls Deliver(), in order, with no lock
// held.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

// Whether watchers may skip a change when a newer one of the same job follows.
enum class ChangeKind { kState, kProgress, kDeletion };

class WatchHub {
 public:
  // Keeps the newest `backlog_max` changes.
  explicit WatchHub(int backlog_max) : backlog_max_(static_cast<size_t>(backlog_max)) {}

  // Begins the epoch of a new leader: ends every watch (their sinks get Lost()) and forgets all
  // changes, whose sequence then continues in the new epoch.
  void Restart(int64_t epoch) EXCLUDES(mutex_);
  // Ends every watch: changes of another leader will not be seen here. Until Restart() a new one is
  // refused with `why`.
  void EndAll(const absl::Status& why) EXCLUDES(mutex_);

  // As Scheduler::OpenWatch, CloseWatch and LastChange.
  absl::StatusOr<WatchId> Open(const std::string& project, int64_t resume_after,
                               std::shared_ptr<WatchSink> sink) EXCLUDES(mutex_);
  void Close(WatchId watch) EXCLUDES(mutex_);
  int64_t Last() const EXCLUDES(mutex_);

  // Returns whether a view would be kept: only then it needs to be made.
  bool IsRecording() const EXCLUDES(mutex_);
  // Adds a committed change; `view` may be null while not recording.
  void Publish(std::shared_ptr<const JobView> view, ChangeKind kind) EXCLUDES(mutex_);
  // Calls the sinks with what they have not had yet.
  void Deliver() EXCLUDES(mutex_);

 private:
  struct Watch {
    std::string project;
    std::shared_ptr<WatchSink> sink;
    int64_t after = 0;  // The newest change it has had.
  };

  std::map<WatchId, Watch> TakeAll(const absl::Status& why) EXCLUDES(mutex_);

  const size_t backlog_max_;
  mutable Mutex mutex_;
  WatchId next_watch_ GUARDED_BY(mutex_) = 1;
  std::map<WatchId, Watch> watches_ GUARDED_BY(mutex_);
  absl::Status ended_ GUARDED_BY(mutex_);  // Why there can be no watch.
  bool recording_ GUARDED_BY(mutex_) = false;
  size_t unwatched_ GUARDED_BY(mutex_) = 0;  // Changes since the last watcher left.
  int64_t last_ GUARDED_BY(mutex_) = 0;
  int64_t complete_after_ GUARDED_BY(mutex_) = 0;  // Every change after it is in `backlog_`.
  std::deque<JobChange> backlog_ GUARDED_BY(mutex_);
};

}  // namespace dq
