// `dqctl clean --local`: the same engine without a scheduler, by executing `dq-worker run`.
// Stateless; called from the main thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/job.pb.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/exit_code.h"
#include "scheduler/dqctl/session.h"

namespace dq::dqctl {

// Runs the chain here. Progress, report's head, outputs and exit codes are those of a run through
// the fleet. Ctrl-C stops it and leaves no output behind.
absl::StatusOr<ExitCode> CleanLocally(const CleanCommand& command, Session& session);

// Reads one line of `dq-worker run --progress json` into `job` (state PROCESSING). Returns false
// for a line that is none.
bool ReadProgressLine(const std::string& line, dq::v1::Job& job);

}  // namespace dq::dqctl
