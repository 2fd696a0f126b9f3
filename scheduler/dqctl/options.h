// The command line of dqctl: the only place that knows its flags, with help, defaults and ranges.
// Stateless and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduler/dqctl/command.h"

namespace dq::dqctl {

struct CommandLine {
  std::optional<Command> command;  // Unset when help or the version was asked for.
  std::string help;                // The text to print then; what a shell asked for as well.
  Connection flags;                // --address and --project; empty where not given.
};

// Reads the arguments after the program's name. INVALID_ARGUMENT USAGE names what is wrong.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace dq::dqctl
