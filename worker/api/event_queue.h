// What happens to the agent, in the order in which it is told: the one way from gRPC's threads, the
// jobs' threads and main into the agent's loop. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "dq/v1/worker_service.pb.h"
#include "worker/api/agent_metrics.h"
#include "worker/chain/chain_runner.h"
#include "worker/lease/lease_key.h"

namespace dq {

// A stream brought a message.
struct StreamMessage {
  int64_t stream = 0;
  v1::WorkResponse message;
};

// A stream is over; nothing of it follows.
struct StreamEnd {
  int64_t stream = 0;
  absl::Status status;
};

// How far a job is: a serialised dq.v1.Progress.
struct JobProgressed {
  LeaseKey lease;
  std::string progress;
};

// Another attempt could go on from here: a serialised dq.v1.Checkpoint.
struct JobSaved {
  LeaseKey lease;
  std::string checkpoint;
};

// A job's thread has nothing left to do.
struct JobEnded {
  LeaseKey lease;
  // A serialised dq.v1.Outcome; missing when the job was stopped.
  std::optional<std::string> outcome;
  AttemptEnd end = AttemptEnd::kStopped;
  std::vector<ChainStageTotals> totals;
};

// The process was asked to stop: finish what runs within `grace`, then hand the rest back.
struct DrainAsked {
  absl::Duration grace;
};

using AgentEvent =
    std::variant<StreamMessage, StreamEnd, JobProgressed, JobSaved, JobEnded, DrainAsked>;

class EventQueue {
 public:
  void Push(AgentEvent event) EXCLUDES(mutex_);
  // Returns what was pushed since the last call, oldest first; waits for something to be there
  // until `deadline` by `clock`'s Boot(), then returns nothing.
  std::vector<AgentEvent> Take(absl::Time deadline, const Clock& clock) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  CondVar pushed_;
  std::vector<AgentEvent> events_ GUARDED_BY(mutex_);
};

}  // namespace dq
