// The options of `dqctl batch`. Stateless.
#pragma once

#include "scheduler/dqctl/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace dq::dqctl {

// Adds the group; both outlive the parsing.
void AddBatch(CLI::App& parent, CommandLine& line);

}  // namespace dq::dqctl
