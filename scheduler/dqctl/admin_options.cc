#include "scheduler/dqctl/admin_options.h"

#include <string>

namespace dq::dqctl {
namespace {

void AddWorker(CLI::App& parent, CommandLine& line) {
  CLI::App* worker =
      AddGroup(parent, "worker", "Look at the workers, take them out of service and back",
               "  dqctl worker list\n  dqctl worker drain w-0123 --reason 'a new disk'\n");
  const auto [list, listed] = AddCommand<WorkerListCommand>(
      *worker, line, "list", "List the workers that are connected or drained",
      "  dqctl worker list -o json\n");
  AddFormat(*list, listed->format);

  struct Action {
    WorkerDrainCommand::Kind kind;
    const char* name;
    const char* help;
  };
  constexpr Action kActions[] = {
      {WorkerDrainCommand::Kind::kDrain, "drain",
       "Give a worker no further jobs until undrain; it finishes what it runs"},
      {WorkerDrainCommand::Kind::kUndrain, "undrain", "Give a drained worker jobs again"},
  };
  for (const Action& action : kActions) {
    const std::string name = action.name;
    const auto [app, command] =
        AddCommand<WorkerDrainCommand>(*worker, line, name, action.help,
                                       "  dqctl worker " + name + " w-0123 --reason 'as agreed'\n");
    command->kind = action.kind;
    app->add_option("WORKER", command->name, "Id or resource name")->required();
    app->add_option("--reason", command->reason, "Why, for the audit");
    AddFormat(*app, command->format);
  }
}

}  // namespace

void AddOperator(CLI::App& parent, CommandLine& line) {
  AddWorker(parent, line);
  CLI::App* admin = AddGroup(parent, "admin", "Look at the scheduler", "  dqctl admin stats\n");
  const auto [stats, counted] = AddCommand<AdminStatsCommand>(
      *admin, line, "stats", "Print counts of jobs, workers and slots",
      "  dqctl admin stats -o json\n");
  AddFormat(*stats, counted->format);
}

}  // namespace dq::dqctl
