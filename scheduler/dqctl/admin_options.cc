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

void AddStuckOptions(CLI::App& app, StuckOptions& stuck) {
  app.add_flag("--all-projects", stuck.all_projects, "Of every project");
  app.add_option("--diagnosis", stuck.diagnosis,
                 "Only those: they run without progress, do not stop, or have no worker")
      ->check(CLI::IsMember({"no-progress", "not-stopping", "no-worker"}));
  AddDuration(app, "--no-progress-for", stuck.no_progress_for,
              "How long without progress, or without stopping, is too long (default 5m)");
  AddDuration(app, "--waiting-for", stuck.waiting_for,
              "How long to wait for a worker is too long (default 1m)");
}

void AddLooks(CLI::App& admin, CommandLine& line) {
  const auto [stats, counted] = AddCommand<AdminStatsCommand>(
      admin, line, "stats", "Print counts of jobs, workers and slots, and what happened lately",
      "  dqctl admin stats -o json\n");
  AddFormat(*stats, counted->format);

  const auto [concurrency, limited] = AddCommand<AdminConcurrencyCommand>(
      admin, line, "concurrency",
      "List projects, queues and concurrency keys: limits, running, waiting",
      "  dqctl admin concurrency\n  dqctl admin concurrency --kind key --limit 1000 -o json\n");
  concurrency->add_option("--kind", limited->kind, "Only these")
      ->check(CLI::IsMember({"project", "queue", "key"}));
  AddLimit(*concurrency, limited->limit);
  AddFormat(*concurrency, limited->format);

  const auto [stuck, listed] = AddCommand<AdminStuckCommand>(
      admin, line, "stuck", "List jobs that do not get on, with why and what to do about it",
      "  dqctl admin stuck\n"
      "  dqctl admin stuck --all-projects --no-progress-for 30m -o ndjson\n");
  AddStuckOptions(*stuck, listed->stuck);
  AddLimit(*stuck, listed->limit);
  AddFormat(*stuck, listed->format);
}

void AddRecover(CLI::App& admin, CommandLine& line) {
  const auto [app, command] = AddCommand<AdminRecoverCommand>(
      admin, line, "recover", "Release, retry or fail stuck jobs; only says which without --force",
      "  dqctl admin recover retry --diagnosis no-progress\n"
      "  dqctl admin recover release j-0123 --reason 'its disk is full' --force\n"
      "  dqctl admin recover fail --diagnosis no-worker --waiting-for 2h --force\n");
  app->add_option("ACTION", command->action,
                  "release: again, uncharged; retry: the attempt has failed; fail: the job has")
      ->required()
      ->check(CLI::IsMember({"release", "retry", "fail"}));
  app->add_option("JOB", command->names, "Ids or resource names (default: all that are stuck)");
  AddStuckOptions(*app, command->stuck);
  app->add_option("--reason", command->reason, "Why, for the audit");
  app->add_flag("--force", command->force, "Do it");
  AddFormat(*app, command->format);
}

void AddBulk(CLI::App& admin, CommandLine& line) {
  const auto [app, command] = AddCommand<AdminBulkCommand>(
      admin, line, "bulk",
      "Cancel, pause, resume, retry or delete all jobs that a filter fits; only says which without "
      "--force",
      "  dqctl admin bulk cancel --filter 'queue = \"nightly\"'\n"
      "  dqctl admin bulk retry --filter 'error_reason = \"WORKER_LOST\"' --reason 'mended' "
      "--force\n"
      "  dqctl admin bulk pause --filter 'labels.team = \"sales\"' --per-second 100 --force\n"
      "  dqctl admin bulk delete --filter 'end_time < \"2026-01-01T00:00:00Z\"' --force\n");
  app->add_option("ACTION", command->action, "cancel, pause, resume, retry or delete")
      ->required()
      ->check(CLI::IsMember({"cancel", "pause", "resume", "retry", "delete"}));
  app->add_option("--filter", command->filter, "Which jobs, as of job list")->required();
  app->add_option("--reason", command->reason, "Why, for the audit");
  app->add_option("--per-second", command->per_second_max, "At most so many jobs a second")
      ->check(CLI::Range(1, 100'000));
  app->add_flag("--force", command->force, "Do it");
  AddFormat(*app, command->format);
}

}  // namespace

void AddOperator(CLI::App& parent, CommandLine& line) {
  AddWorker(parent, line);
  CLI::App* admin =
      AddGroup(parent, "admin", "Look at the scheduler, and at jobs that do not get on",
               "  dqctl admin stats\n  dqctl admin stuck\n"
               "  dqctl admin bulk cancel --filter 'queue = \"nightly\"'\n");
  AddLooks(*admin, line);
  AddRecover(*admin, line);
  AddBulk(*admin, line);
}

}  // namespace dq::dqctl
