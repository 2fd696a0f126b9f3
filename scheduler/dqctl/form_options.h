// The flags of dqctl for the form of files by hand, and the flags of dq-worker that say the same.
// Stateless and thread-safe.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "scheduler/dqctl/command.h"

namespace dq::dqctl {

// Adds the flags, which fill `form`; it has to outlive `app`.
void AddFormOptions(CLI::App& app, FileFormTexts& form);

// Returns the arguments with which `dq-worker run` takes the same form.
std::vector<std::string> WorkerFormArguments(const FileFormTexts& form);

}  // namespace dq::dqctl
