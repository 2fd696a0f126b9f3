// The worker protocol as plain values: what dq.v1.WorkRequest and WorkResponse say, without
// Protobuf. The api layer translates; the rules live in the engine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq {

// The first message of a stream.
struct WorkerHello {
  std::string instance;
  std::vector<std::string> stages;
  std::map<std::string, std::string> labels;
  int32_t slots = 0;
  std::vector<LeaseId> held;
  std::string version;
};

// How an attempt ended.
struct CompletedOutcome {
  JobResult result;  // JobOutput.file_id is filled in by the engine.
};
struct FailedOutcome {
  JobFailure failure;
  bool retryable = false;
};
struct StoppedOutcome {};   // As asked by a revocation.
struct ReleasedOutcome {};  // Given back undone by a draining worker; not charged.
using Outcome = std::variant<CompletedOutcome, FailedOutcome, StoppedOutcome, ReleasedOutcome>;

// The state of one lease as the worker sees it.
struct LeaseReport {
  LeaseId lease;
  std::variant<JobProgress, Outcome> status;
  std::shared_ptr<const JobCheckpoint> checkpoint = {};  // The attempt's newest; null: it has none.
};

// The full state of a worker.
struct WorkerReport {
  int64_t sequence = 0;
  std::vector<LeaseReport> leases;
  int32_t free_slots = 0;
  bool draining = false;
};

// Answers a Hello.
struct WorkerWelcome {
  absl::Duration report_interval;
  absl::Duration lease_ttl;
  std::vector<LeaseId> kept;
  std::vector<LeaseId> lost;
  int64_t epoch = 0;
};

// A job for a worker.
struct WorkerGrant {
  LeaseId lease;
  std::string grant_payload;                             // JobPayload::grant.
  std::shared_ptr<const JobCheckpoint> checkpoint = {};  // Where to go on; null: at the beginning.
};

// Numbers equal dq.v1.RevokeReason.
enum class RevokeReason : int16_t { kCancel = 1, kLost = 2, kTimeout = 3, kPause = 4 };

struct WorkerRevocation {
  LeaseId lease;
  RevokeReason reason = RevokeReason::kCancel;
};

// News for a worker. Sent only after everything it tells of is durable.
struct WorkerTurn {
  int64_t answers = 0;
  std::vector<WorkerGrant> grants;
  std::vector<LeaseId> closed;
  std::vector<WorkerRevocation> revoked;
  bool degraded = false;
  bool reconnect = false;
  bool drain = false;
};

}  // namespace dq
