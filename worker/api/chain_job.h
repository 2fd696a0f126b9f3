// One attempt at a chain: a thread that opens the files, runs the child process, publishes the
// outputs and tells the agent. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/storage/object_store.h"
#include "worker/api/event_queue.h"
#include "worker/api/job_files.h"
#include "worker/api/job_order.h"
#include "worker/lease/lease_key.h"
#include "worker/sandbox/sandboxed_job.h"

namespace dq {

// What every job of a worker uses. Everything outlives the jobs.
struct JobSurroundings {
  ObjectStore& store;
  const Clock& clock;
  AgentMetrics& metrics;
  EventQueue& events;
  std::string child_program;  // Path of dq-worker.
  std::chrono::milliseconds checkpoint_interval = kCheckpointIntervalDefault;
};

// How an attempt is to stop.
enum class StopWay {
  kDiscard,        // At once; nothing is left behind.
  kLeave,          // At once; its checkpoints are left for another attempt.
  kSave,           // Soon, with a checkpoint where one can be taken, which is left.
  kSaveThenLeave,  // As soon as a checkpoint can be taken; until then the attempt goes on.
};

class ChainJob {
 public:
  // Starts. Pushes JobProgressed events and, last, one JobEnded.
  ChainJob(LeaseKey lease, ChainOrder order, const JobSurroundings& surroundings);
  // Stops and waits.
  ~ChainJob();
  ChainJob(const ChainJob&) = delete;
  ChainJob& operator=(const ChainJob&) = delete;

  // The attempt ends without outcome and publishes nothing that was not published already (but with
  // kSaveThenLeave it may have come to its end before). Returns at once. A later call counts too.
  void Stop(StopWay way) EXCLUDES(mutex_);
  // Removes the outputs of an attempt that was published before its stop was noticed. Only while no
  // report has named its completion: afterwards a scheduler may have recorded it. Blocks on the
  // disk for a few files.
  void TakeBack();

 private:
  class Reporter;
  void Main();
  absl::StatusOr<JobEnded> Attempt();
  absl::StatusOr<JobEnded> RunOver(JobFiles& files);
  absl::StatusOr<ChainResult> RunChild(const JobFiles& files);
  void StopChild() REQUIRES(mutex_);
  bool stop_asked() EXCLUDES(mutex_);
  bool stopped() EXCLUDES(mutex_);
  bool leaves() EXCLUDES(mutex_);
  bool EndsStopped(const absl::Status& status) EXCLUDES(mutex_);

  const LeaseKey lease_;
  const ChainOrder order_;
  const JobSurroundings surroundings_;
  Mutex mutex_;
  std::optional<StopWay> stop_ GUARDED_BY(mutex_);
  SandboxedJob* child_ GUARDED_BY(mutex_) = nullptr;  // While it runs.
  bool has_checkpoint_ = false;                       // The job's thread only.
  std::thread thread_;
};

}  // namespace dq
