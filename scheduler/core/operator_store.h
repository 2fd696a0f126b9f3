// Port: what operators ask for that is no transition of a job, recorded with who asked and why.
// Calls block: never from a gRPC thread. Implementations are thread-safe.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/job_store.h"

namespace dq {

// Who asks for something, and why: what the audit keeps.
struct OperatorWord {
  std::string actor;
  std::string reason;
  absl::Time time;
};

// What an operator does to many jobs.
struct OperatorAction {
  std::string action;   // For example "bulk_cancel".
  std::string subject;  // A resource name.
  std::map<std::string, std::string> detail;
};

class OperatorStore {
 public:
  virtual ~OperatorStore() = default;

  // Records that the leader of `epoch`, which is to be told afterwards, gives `worker` no jobs, and
  // returns that; of one that is drained already the earlier word stays. Both calls: ABORTED
  // (NOT_LEADER) when another leads, nothing was written then.
  virtual absl::StatusOr<WorkerDrain> SaveDrain(const std::string& worker, const OperatorWord& word,
                                                int64_t epoch) = 0;
  // Takes it back. A worker that is not drained is OK.
  virtual absl::Status EndDrain(const std::string& worker, const OperatorWord& word,
                                int64_t epoch) = 0;

  // Adds an audit event.
  virtual absl::Status AddEvent(const OperatorAction& action, const OperatorWord& word) = 0;
};

}  // namespace dq
