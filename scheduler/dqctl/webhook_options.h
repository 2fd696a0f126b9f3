// The options of `dqctl webhook`. Stateless; what is passed in outlives the app.
#pragma once

#include <CLI/CLI.hpp>

#include "scheduler/dqctl/options.h"

namespace dq::dqctl {

// Adds the group "webhook".
void AddWebhook(CLI::App& parent, CommandLine& line);

}  // namespace dq::dqctl
