// What a shell offers behind a half-written command line of dqctl, and the scripts by which it
// asks. The offers come from the command line's own definition, so they are never behind it.
// Stateless; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/dqctl/command.h"

namespace CLI {
class App;
}  // namespace CLI

namespace dq::dqctl {

// The first argument by which the scripts ask; the words of the command line follow.
inline constexpr std::string_view kCompleteArgument = "__complete";

struct Completion {
  std::string word;
  std::string help;  // A sentence; "" of a value.
};

// Returns what may stand for the last of `words` (those behind the program's name, the last one
// half-written or ""): commands, flags or the values of a flag. Nothing where anything may stand,
// such as the name of a file or job.
std::vector<Completion> CompletionsOf(const CLI::App& root, const std::vector<std::string>& words);

// The answer to a script: a line for each, word, tab, help.
std::string CompletionLines(const std::vector<Completion>& completions);

// What a shell reads to complete command lines of dqctl.
std::string_view CompletionScript(Shell shell);

}  // namespace dq::dqctl
