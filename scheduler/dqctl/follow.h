// Follows a job with progress on stderr until it has ended, and says how it ended. Stateless and
// thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/job.pb.h"
#include "scheduler/dqctl/exit_code.h"
#include "scheduler/dqctl/session.h"

namespace dq::dqctl {

// Watches the job to its end with a bar or lines. Ctrl-C is CANCELLED INTERRUPTED with a message
// that says how to attach again: the job goes on.
absl::StatusOr<dq::v1::Job> FollowJob(Client& client, const std::string& name, Session& session);

// Prints why a job that did not complete did not, like any other error, and returns its exit code.
// `gate_finding` is said when the data did not pass the gate.
ExitCode PrintEnd(const dq::v1::Job& job, const Session& session,
                  const std::string& gate_finding = "the data did not pass the gate");

// How to come back to a job that goes on without this process, and get its files.
std::string AttachHint(const std::string& name);

// Turns INTERRUPTED into the message that says how to attach to the job again; leaves every other
// status as it is.
absl::Status Detached(const absl::Status& status, const std::string& name);

}  // namespace dq::dqctl
