// The options of `dqctl schedule`. Stateless.
#pragma once

#include "scheduler/dqctl/options.h"

namespace CLI {
class App;
}  // namespace CLI

namespace dq::dqctl {

// Adds the group; both outlive the parsing.
void AddSchedule(CLI::App& parent, CommandLine& line);

}  // namespace dq::dqctl
