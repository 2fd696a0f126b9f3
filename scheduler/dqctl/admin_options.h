// The commands for operators: `dqctl worker` and `dqctl admin`. Stateless.
#pragma once

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {

// Adds both groups; `line` outlives the app.
void AddOperator(CLI::App& parent, CommandLine& line);

}  // namespace dq::dqctl
