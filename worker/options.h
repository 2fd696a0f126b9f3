// The flags of dq-worker-agent. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "common/base/logging.h"
#include "worker/chain/paced_checkpoints.h"

namespace dq {

struct WorkerOptions {
  std::vector<std::string> schedulers = {"127.0.0.1:7400"};
  std::string storage_root;
  int32_t slots = 2;
  int64_t memory_per_job_bytes = int64_t{512} << 20;
  int threads_per_job = 1;
  int64_t cpu_seconds_per_job = 86'400;
  std::string instance;  // Empty: chosen at start.
  std::map<std::string, std::string> labels;
  std::string admin_address = "127.0.0.1:0";
  absl::Duration drain_grace = absl::Seconds(30);
  std::chrono::milliseconds checkpoint_interval = kCheckpointIntervalDefault;
  std::string child_program;  // Empty: dq-worker beside this program.
  LogLevel log_level = LogLevel::kInfo;
};

// Reads the command line. Returns the options, or the exit status when help or version was printed
// (0) or the line is wrong (2, after a message that names the flag).
std::variant<WorkerOptions, int> ParseWorkerOptions(int argc, const char* const* argv,
                                                    const std::string& version);

}  // namespace dq
