// Makes many ended jobs live again, for one thread that waits for it. Stateless.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduler/engine/answers.h"
#include "scheduler/engine/job_control.h"

namespace dq {

// Who reopens jobs, and why.
struct ReopenWord {
  std::string reason;
  std::string actor;
};

// Returns the records of those that exist, in any order.
using ReadJobsByName =
    std::function<absl::StatusOr<std::vector<JobRecord>>(const std::vector<JobName>& names)>;

// Reserves the jobs, has `read` read their records and reopens them from their checkpoints. Returns
// what became of each, in order; nothing when `abandonment` ended the wait. Blocks.
std::optional<std::vector<absl::Status>> ReopenJobs(
    JobControl& scheduler, const std::vector<JobName>& names, const ReadJobsByName& read,
    const ReopenWord& word, const std::shared_ptr<Abandonment>& abandonment);

}  // namespace dq
