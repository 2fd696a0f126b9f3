// `dqctl job submit --from-file`: many jobs over one stream. Stateless and thread-safe.
#pragma once

#include "absl/status/statusor.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/exit_code.h"
#include "scheduler/dqctl/session.h"

namespace dq::dqctl {

// Creates the jobs of `command.from_file`, "-" for stdin; prints what became of each, and of all. A
// job that is refused keeps no other from being created; the exit code tells.
absl::StatusOr<ExitCode> SubmitLines(const JobSubmitCommand& command, Session& session);

}  // namespace dq::dqctl
