// A grant as the worker understands it: what to run, in plain values. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/worker_service.pb.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/checkpoint.h"
#include "worker/lease/lease_key.h"

namespace dq {

// The stages of this worker, for its Hello.
std::vector<std::string> OfferedStages();

// A file to read, with what it is expected to be.
struct InputOrder {
  std::string uri;
  int64_t size_bytes = 0;
};

// Where to go on: what an earlier attempt has left.
struct ResumeOrder {
  std::string directory;  // Of that attempt, unfinished.
  std::string stage;      // That ran when it was taken.
  WantedCheckpoint checkpoint;
};

// Runs in a child process.
struct ChainOrder {
  ChainSpec spec;
  InputOrder input;
  std::optional<InputOrder> reference;
  std::optional<ResumeOrder> resume;  // None: at the beginning.
  std::string output_prefix;          // "file:///projects/{project}/jobs/{job}".
  std::string output_directory;       // "a{attempt}-{token8}".
  int64_t attempt = 0;
  absl::Duration timeout = absl::InfiniteDuration();
  int64_t cpu_seconds = 0;  // 0: no limit.
};

// Waits inside the worker.
struct NoopOrder {
  absl::Duration duration;
};

using JobOrder = std::variant<ChainOrder, NoopOrder>;

// What this worker gives to a job.
struct JobResources {
  int64_t memory_bytes = kMemoryLimitBytesDefault;
  int threads = 1;
  int64_t cpu_seconds = 0;  // CPU time of all threads together; 0: no limit.
};

// Reads a grant. INVALID_ARGUMENT, category configuration: UNKNOWN_STAGE for a stage this worker
// does not know; BAD_FIELD for noop mixed with other stages, no input, no stages, an unknown part
// of the form. A checkpoint that cannot be one of an earlier attempt is none.
absl::StatusOr<JobOrder> ReadGrant(const v1::Grant& grant, const JobResources& resources);

}  // namespace dq
