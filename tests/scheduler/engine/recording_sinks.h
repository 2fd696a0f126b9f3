// Sinks and metrics that remember what they were told. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "scheduler/engine/engine_metrics.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

class RecordingWorkerSink : public WorkerSink {
 public:
  void Welcome(WorkerWelcome welcome) override {
    MutexLock lock(mutex_);
    welcome_ = std::move(welcome);
  }
  void Turn(WorkerTurn turn) override {
    MutexLock lock(mutex_);
    turns_.push_back(std::move(turn));
  }
  void Close(absl::Status status) override {
    MutexLock lock(mutex_);
    closed_ = std::move(status);
  }

  std::optional<WorkerWelcome> welcome() const {
    MutexLock lock(mutex_);
    return welcome_;
  }
  std::vector<WorkerTurn> turns() const {
    MutexLock lock(mutex_);
    return turns_;
  }
  std::optional<absl::Status> closed() const {
    MutexLock lock(mutex_);
    return closed_;
  }
  // Returns everything granted, closed or revoked so far.
  std::vector<WorkerGrant> grants() const {
    std::vector<WorkerGrant> all;
    for (const WorkerTurn& turn : turns()) {
      all.insert(all.end(), turn.grants.begin(), turn.grants.end());
    }
    return all;
  }
  std::vector<LeaseId> closings() const {
    std::vector<LeaseId> all;
    for (const WorkerTurn& turn : turns()) {
      all.insert(all.end(), turn.closed.begin(), turn.closed.end());
    }
    return all;
  }
  std::vector<WorkerRevocation> revocations() const {
    std::vector<WorkerRevocation> all;
    for (const WorkerTurn& turn : turns()) {
      all.insert(all.end(), turn.revoked.begin(), turn.revoked.end());
    }
    return all;
  }
  // Takes out the turns so far.
  std::vector<WorkerTurn> Take() {
    MutexLock lock(mutex_);
    return std::exchange(turns_, {});
  }

 private:
  mutable Mutex mutex_;
  std::optional<WorkerWelcome> welcome_ GUARDED_BY(mutex_);
  std::vector<WorkerTurn> turns_ GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_ GUARDED_BY(mutex_);
};

class RecordingWatchSink : public WatchSink {
 public:
  void Changed(const JobChange& change) override {
    MutexLock lock(mutex_);
    changes_.push_back(change);
  }
  void Lost(const absl::Status& why) override {
    MutexLock lock(mutex_);
    lost_ = why;
  }
  std::vector<JobChange> changes() const {
    MutexLock lock(mutex_);
    return changes_;
  }
  std::optional<absl::Status> lost() const {
    MutexLock lock(mutex_);
    return lost_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<JobChange> changes_ GUARDED_BY(mutex_);
  std::optional<absl::Status> lost_ GUARDED_BY(mutex_);
};

class RecordingMetrics : public EngineMetrics {
 public:
  void JobsInState(JobState state, int64_t count) override {
    MutexLock lock(mutex_);
    in_state_[state] = count;
  }
  void JobFinished(JobState outcome, absl::Duration) override {
    MutexLock lock(mutex_);
    ++finished_[outcome];
  }
  void AttemptFailed(std::string_view reason) override {
    MutexLock lock(mutex_);
    ++failed_[std::string(reason)];
  }
  void QueueWaited(absl::Duration) override {}
  void LeaseGranted() override {}
  void LeaseExpired() override {}
  void AdmissionRefused() override {}
  void StaleMessageRefused() override {
    MutexLock lock(mutex_);
    ++stale_;
  }
  void WorkersConnected(int64_t workers, int64_t, int64_t) override {
    MutexLock lock(mutex_);
    workers_ = workers;
  }
  void JobsExpired(int64_t jobs) override {
    MutexLock lock(mutex_);
    expired_ += jobs;
  }
  void UploadsExpired(int64_t files) override {
    MutexLock lock(mutex_);
    uploads_expired_ += files;
  }
  void StorageCleared(int64_t debts) override {
    MutexLock lock(mutex_);
    cleared_ += debts;
  }
  void BatchCommitted(int64_t, absl::Duration) override {}
  void CommitFailed() override {}
  void Leading(bool, int64_t) override {}
  void ScheduleTimes(std::string_view outcome, int64_t times) override {
    MutexLock lock(mutex_);
    schedule_times_[std::string(outcome)] += times;
  }
  void SchedulesOverdue(absl::Duration oldest) override {
    MutexLock lock(mutex_);
    overdue_ = oldest;
  }
  void WebhookAnswered(std::string_view outcome) override {
    MutexLock lock(mutex_);
    ++answered_[std::string(outcome)];
  }
  void WebhookOutbox(int64_t waiting, absl::Duration) override {
    MutexLock lock(mutex_);
    outbox_ = waiting;
  }

  int64_t Answered(const std::string& outcome) const {
    MutexLock lock(mutex_);
    const auto found = answered_.find(outcome);
    return found == answered_.end() ? 0 : found->second;
  }
  int64_t Outbox() const {
    MutexLock lock(mutex_);
    return outbox_;
  }
  int64_t Workers() const {
    MutexLock lock(mutex_);
    return workers_;
  }
  int64_t InState(JobState state) const {
    MutexLock lock(mutex_);
    const auto found = in_state_.find(state);
    return found == in_state_.end() ? 0 : found->second;
  }
  int64_t Finished(JobState outcome) const {
    MutexLock lock(mutex_);
    const auto found = finished_.find(outcome);
    return found == finished_.end() ? 0 : found->second;
  }
  int64_t Failed(const std::string& reason) const {
    MutexLock lock(mutex_);
    const auto found = failed_.find(reason);
    return found == failed_.end() ? 0 : found->second;
  }
  int64_t Expired() const {
    MutexLock lock(mutex_);
    return expired_;
  }
  int64_t UploadsExpiredSoFar() const {
    MutexLock lock(mutex_);
    return uploads_expired_;
  }
  std::map<std::string, int64_t> ScheduleTimesSoFar() const {
    MutexLock lock(mutex_);
    return schedule_times_;
  }
  absl::Duration Overdue() const {
    MutexLock lock(mutex_);
    return overdue_;
  }
  int64_t Cleared() const {
    MutexLock lock(mutex_);
    return cleared_;
  }
  int64_t stale() const {
    MutexLock lock(mutex_);
    return stale_;
  }

 private:
  mutable Mutex mutex_;
  int64_t expired_ GUARDED_BY(mutex_) = 0;
  int64_t uploads_expired_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, int64_t> schedule_times_ GUARDED_BY(mutex_);
  absl::Duration overdue_ GUARDED_BY(mutex_);
  int64_t cleared_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, int64_t> answered_ GUARDED_BY(mutex_);
  int64_t outbox_ GUARDED_BY(mutex_) = 0;
  std::map<JobState, int64_t> in_state_ GUARDED_BY(mutex_);
  std::map<JobState, int64_t> finished_ GUARDED_BY(mutex_);
  std::map<std::string, int64_t> failed_ GUARDED_BY(mutex_);
  int64_t stale_ GUARDED_BY(mutex_) = 0;
  int64_t workers_ GUARDED_BY(mutex_) = 0;
};

}  // namespace dq
