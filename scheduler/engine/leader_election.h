// The thread that competes for the leadership row, loads the live jobs once it has it, renews it,
// and gives it back at the end. Safety does not rest on it: every commit is fenced by its epoch.
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "scheduler/core/job_store.h"

namespace dq {

// What a new leader begins with.
struct TakenOver {
  int64_t epoch = 0;
  LiveJobs live;
  std::map<JobState, int64_t> counts;
  std::vector<GroupLimit> limits;
  std::vector<WorkerDrain> drains;
  std::vector<WebhookPlace> webhooks;
};

// Called from the election's thread.
struct ElectionListener {
  std::function<void(TakenOver)> elected;
  std::function<void(int64_t epoch, absl::Status)> lost;  // Another leads.
  // Not elected, and why: NOT_LEADER with who leads, or DATABASE_UNAVAILABLE.
  std::function<void(absl::Status)> waiting;
  // Whether a renewal reached the database.
  std::function<void(int64_t epoch, absl::Status)> renewed;
};

struct ElectionOptions {
  std::string instance;
  std::string address;
  absl::Duration ttl;
  absl::Duration renew_interval;
};

// Returns how long a standby that was told `why` it does not lead waits before it competes again,
// unless it hears of a release: twice as long as a leader between two renewals, but never
// beyond the end of a leadership that nobody extends.
absl::Duration StandbyWait(const ElectionOptions& options, const absl::Status& why);

class LeaderElection {
 public:
  // `store` outlives the election.
  LeaderElection(JobStore& store, ElectionOptions options, ElectionListener listener);
  // Calls Stop().
  ~LeaderElection();

  void Start();
  // Gives leadership back, if held, and joins. Call from one thread only.
  void Stop() EXCLUDES(mutex_);
  // The leader of `epoch` stepped down by itself: gives leadership back and competes again a
  // renewal later, to load anew if no standby has taken over by then.
  void Resign(int64_t epoch) EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);
  // Returns when it is worth competing again.
  void Compete() EXCLUDES(mutex_);
  void WaitAsStandby(const absl::Status& why) EXCLUDES(mutex_);
  absl::StatusOr<TakenOver> Load(int64_t epoch);
  // Reads all of a share, and renews the leadership meanwhile.
  absl::StatusOr<LiveJobs> LoadShareOf(int64_t epoch, LoadShare share);
  void Hold(int64_t epoch) EXCLUDES(mutex_);
  // Waits for that long; returns early when stopped, or `epoch` was resigned.
  void Pause(int64_t epoch, absl::Duration length) EXCLUDES(mutex_);
  bool IsOver(int64_t epoch) EXCLUDES(mutex_);

  JobStore& store_;
  const ElectionOptions options_;
  const ElectionListener listener_;
  const std::unique_ptr<ReleaseWatch> releases_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  int64_t resigned_ GUARDED_BY(mutex_) = 0;  // The newest epoch that was resigned.
  std::thread thread_;                       // Written by Start() and Stop() only.
};

}  // namespace dq
