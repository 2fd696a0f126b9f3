#include "scheduler/dqctl/schedule_options.h"

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {
namespace {

// Adds when it runs; returns the option of the expression.
CLI::Option* AddTimes(CLI::App& app, ScheduleTimes& times) {
  CLI::Option* const cron = app.add_option("--cron", times.cron,
                                           "When: \"minute hour day-of-month month day-of-week\", "
                                           "or @hourly, @daily, @weekly, @monthly");
  app.add_option("--time-zone", times.time_zone,
                 "Where these times are read, for example Europe/Berlin (default UTC)");
  app.add_option(
         "--overlap", times.overlap,
         "While an earlier run goes on: skip the time, queue it, or cancel that run (default "
         "skip)")
      ->check(CLI::IsMember({"skip", "queue", "cancel"}));
  AddDuration(app, "--catch-up", times.catch_up,
              "How long a time that was missed is made up for (default 1h)");
  return cron;
}

void AddScheduleCreate(CLI::App& parent, CommandLine& line) {
  const auto [app, command] = AddCommand<ScheduleCreateCommand>(
      parent, line, "create", "Run a job, or a batch of several files, again and again",
      "  dqctl schedule create customers.csv --cron '30 2 * * *' --time-zone Europe/Berlin\n"
      "  dqctl schedule create a.csv b.csv --cron '0 6 * * mon-fri' --overlap queue\n"
      "  dqctl schedule create files/f-1 --cron @hourly --schedule-id hourly --catch-up 6h\n"
      "  dqctl schedule create --chain noop --cron '*/5 * * * *' --overlap cancel\n");
  app->add_option("FILE", command->files,
                  "Paths, or files the scheduler has; several make a batch each time");
  AddTimes(*app, command->times)->required();
  app->add_flag("--paused", command->paused, "Run nothing until it is resumed");
  AddChain(*app, command->chain);
  app->add_option("--noop-ms", command->chain.noop_ms, "How long a stage noop takes")
      ->check(CLI::Range(int64_t{0}, int64_t{3'600'000}));
  app->add_option("--schedule-id", command->schedule_id,
                  "The id to be (default: the scheduler chooses)");
  AddCreation(*app, "schedule", command->creation);
  CLI::Option* const sequential =
      app->add_flag("--sequential", command->sequential, "Run several files one after the other");
  app->add_option("--max-parallel", command->max_parallel,
                  "How many of several files may run at a time")
      ->check(CLI::Range(1, 1'000'000))
      ->excludes(sequential);
  app->add_flag("--stop-on-error", command->stop_on_error,
                "Skip those of several files that have not started once one has failed");
  AddFormat(*app, command->format);
}

void AddScheduleUpdate(CLI::App& parent, CommandLine& line) {
  const auto [app, command] = AddCommand<ScheduleUpdateCommand>(
      parent, line, "update", "Change when a schedule runs; what is not given stays",
      "  dqctl schedule update nightly --cron '0 4 * * *'\n"
      "  dqctl schedule update nightly --time-zone America/New_York --overlap queue\n");
  app->add_option("SCHEDULE", command->name, "Id or resource name")->required();
  AddTimes(*app, command->times);
  AddFormat(*app, command->format);
}

void AddScheduleActions(CLI::App& parent, CommandLine& line) {
  using Kind = ScheduleActionCommand::Kind;
  const auto add = [&](Kind kind, const std::string& name, const char* help) {
    const auto [app, command] = AddCommand<ScheduleActionCommand>(
        parent, line, name, help, "  dqctl schedule " + name + " nightly\n");
    command->kind = kind;
    app->add_option("SCHEDULE", command->name, "Id or resource name")->required();
    AddFormat(*app, command->format);
  };
  add(Kind::kPause, "pause", "Let a schedule run nothing until it is resumed");
  add(Kind::kResume, "resume", "Let a paused schedule run at its next time");
  add(Kind::kTrigger, "trigger", "Run a schedule now, also a paused one");
  add(Kind::kDelete, "delete", "Delete a schedule; the jobs it has made stay");
}

}  // namespace

void AddSchedule(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "schedule", "Run jobs at certain times",
                             "  dqctl schedule create customers.csv --cron '30 2 * * *' "
                             "--time-zone Europe/Berlin --schedule-id nightly\n"
                             "  dqctl schedule get nightly\n"
                             "  dqctl job list --filter 'labels.schedule = \"nightly\"'\n");
  AddScheduleCreate(*group, line);
  const auto [list, listed] = AddCommand<ScheduleListCommand>(
      *group, line, "list", "List schedules, newest first", "  dqctl schedule list\n");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);
  const auto [get, got] =
      AddCommand<ScheduleGetCommand>(*group, line, "get", "Print a schedule with its newest runs",
                                     "  dqctl schedule get nightly -o json\n");
  get->add_option("SCHEDULE", got->name, "Id or resource name")->required();
  AddFormat(*get, got->format);
  AddScheduleUpdate(*group, line);
  AddScheduleActions(*group, line);
}

}  // namespace dq::dqctl
