// What the groups of commands build their options from. Stateless; what is passed in outlives the
// app.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "scheduler/dqctl/options.h"

namespace dq::dqctl {

// Puts the examples (kept as the footer) before everything else.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_footer(const CLI::App*) const override { return ""; }
};

// Adds a command whose options fill a C, which becomes the command when it was the one given.
template <typename C>
std::pair<CLI::App*, C*> AddCommand(CLI::App& parent, CommandLine& line, const std::string& name,
                                    const std::string& description, const std::string& examples) {
  CLI::App* app = parent.add_subcommand(name, description);
  app->footer(examples);
  app->fallthrough();
  auto command = std::make_shared<C>();
  app->callback([command, &line] { line.command = *command; });
  return {app, command.get()};
}

// Adds a group of commands.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description,
                   const std::string& examples);

// Adds how to print, by default as -o.
void AddFormat(CLI::App& app, OutputFormat& format,
               const std::string& flags = "-o,--output-format");

// Adds to the group of a resource, "job" or "batch", a command that acts on one of them.
template <typename C>
std::pair<CLI::App*, C*> AddAction(CLI::App& group, CommandLine& line, typename C::Kind kind,
                                   const std::string& name, const std::string& description) {
  const std::string noun = group.get_name();
  const auto added = AddCommand<C>(
      group, line, name, description,
      "  dqctl " + noun + " " + name + " " + noun.front() + "-0123 --reason 'as agreed'\n");
  const auto [app, command] = added;
  command->kind = kind;
  app->add_option(absl::AsciiStrToUpper(noun), command->name, "Id or resource name")->required();
  app->add_option("--reason", command->reason, "Why, for the audit");
  AddFormat(*app, command->format);
  return added;
}

// Adds to the group of a resource the command that deletes some of them; `description` says which
// can be, and what goes with them.
void AddDelete(CLI::App& group, CommandLine& line, DeleteCommand::Kind kind,
               const std::string& description);

// Adds a positive duration.
void AddDuration(CLI::App& app, const std::string& flag, absl::Duration& value,
                 const std::string& help);
// Adds how long a job may report no progress; refuses what no job could keep to.
void AddNoProgressTimeout(CLI::App& app, absl::Duration& value);
// Adds a point in time, or a duration from now.
void AddInstant(CLI::App& app, const std::string& flag, std::optional<absl::Time>& value,
                const std::string& help);
// Adds what a job and a batch, the `noun`, are created with alike.
void AddCreation(CLI::App& app, const std::string& noun, CreationOptions& creation);
// Adds how many records to list.
void AddLimit(CLI::App& app, int& limit);
// Adds what to run over a file.
void AddChain(CLI::App& app, ChainOptions& chain);

}  // namespace dq::dqctl
