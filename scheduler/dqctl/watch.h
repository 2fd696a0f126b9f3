// Follows one job to its end over WatchJobs, across restarts of the scheduler. Stateless and
// thread-safe.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/job.pb.h"
#include "scheduler/dqctl/client.h"
#include "scheduler/dqctl/interrupt.h"

namespace dq::dqctl {

struct WatchOptions {
  absl::Duration timeout = absl::InfiniteDuration();  // In all; then WAIT_TIMED_OUT.
  absl::Duration reconnect_for = absl::Minutes(2);    // Without any message; then unreachable.
  absl::Duration retry_first = absl::Milliseconds(100);
  absl::Duration retry_cap = absl::Seconds(2);
};

struct WatchObserver {
  std::function<void(const dq::v1::Job&)> on_job;         // Every message about the job.
  std::function<void(const std::string&)> on_connection;  // A sentence when it breaks or returns.
};

// Watches until the job is terminal and returns it. A broken stream is opened again with backoff,
// from the last bookmark when the server still knows it, else from a snapshot. Errors: NOT_FOUND
// JOB_NOT_FOUND for a job that never was there, NOT_FOUND JOB_DELETED for one that went away,
// DEADLINE_EXCEEDED WAIT_TIMED_OUT, UNAVAILABLE SCHEDULER_UNREACHABLE, CANCELLED INTERRUPTED.
absl::StatusOr<dq::v1::Job> WatchJob(Client& client, const std::string& name,
                                     const WatchOptions& options, const WatchObserver& observer,
                                     Interrupt& interrupt);

}  // namespace dq::dqctl
