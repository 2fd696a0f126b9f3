// The commands of `dqctl ref`. Stateless; what is passed in outlives the app.
#pragma once

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {

// Adds them to the app; the one that is given becomes the line's command.
void AddReferenceCommands(CLI::App& parent, CommandLine& line);

}  // namespace dq::dqctl
