#include "scheduler/dqctl/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "common/base/error.h"
#include "scheduler/dqctl/form_options.h"

namespace dq::dqctl {
namespace {

const std::map<std::string, OutputFormat> kFormats = {{"table", OutputFormat::kTable},
                                                      {"json", OutputFormat::kJson},
                                                      {"ndjson", OutputFormat::kNdjson}};

// Puts the examples (kept as the footer) before everything else.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    const std::string examples = app->get_footer();
    const std::string rest = CLI::Formatter::make_help(app, std::move(name), mode);
    return examples.empty() ? rest : "Examples:\n" + examples + "\n" + rest;
  }
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

CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description,
                   const std::string& examples) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->footer(examples);
  group->require_subcommand(1);
  group->fallthrough();
  return group;
}

void AddFormat(CLI::App& app, OutputFormat& format, const std::string& flags) {
  app.add_option(flags, format, "How to print: table, json or ndjson")
      ->transform(
          CLI::CheckedTransformer(kFormats, CLI::ignore_case).description("{table,json,ndjson}"))
      ->default_str("table");
}

void AddFormat(CLI::App& app, OutputFormat& format) {
  AddFormat(app, format, "-o,--output-format");
}

void AddDuration(CLI::App& app, const std::string& flag, absl::Duration& value,
                 const std::string& help) {
  app.add_option_function<std::string>(
         flag,
         [&value, flag](const std::string& text) {
           if (!absl::ParseDuration(text, &value) || value <= absl::ZeroDuration()) {
             throw CLI::ValidationError(flag, "a time like 30s, 5m or 1h, not " + text);
           }
         },
         help)
      ->type_name("TIME");
}

void AddInstant(CLI::App& app, const std::string& flag, std::optional<absl::Time>& value,
                const std::string& help) {
  app.add_option_function<std::string>(
         flag,
         [&value, flag](const std::string& text) {
           absl::Duration from_now;
           absl::Time time;
           if (absl::ParseDuration(text, &from_now) && from_now > absl::ZeroDuration()) {
             time = absl::Now() + from_now;
           } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
             throw CLI::ValidationError(
                 flag,
                 "a time like 2030-01-31T08:00:00Z, or 30m for that long from now, not " + text);
           }
           value = time;
         },
         help)
      ->type_name("WHEN");
}

void AddLimit(CLI::App& app, int& limit) {
  app.add_option("--limit", limit, "At most so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

void AddChain(CLI::App& app, ChainOptions& chain) {
  app.add_option("--reference", chain.reference,
                 "Reference file to compare with and fill from: a path, or one the scheduler has");
  app.add_option("--key", chain.key, "Columns that join the file with the reference")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COL,..");
  app.add_option("--chain", chain.stages, "Stages, in order (default complete,dedupe)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("STAGE,..");
  app.add_option("--fill", chain.fill, "What to do with missing cells (default dependency)")
      ->check(CLI::IsMember({"none", "reference", "dependency", "statistic"}));
  app.add_option("--detect", chain.detect,
                 "Which cells count as missing besides empty ones: none, words for it, also values "
                 "that stand for it by evidence (default evidence)")
      ->check(CLI::IsMember({"none", "vocabulary", "evidence"}));
  app.add_option("--missing", chain.missing, "Words that always mean \"no value\"")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("TOKEN,..");
  app.add_option("--not-missing", chain.not_missing, "Words and values that are data")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("TOKEN,..");
  app.add_option("--match", chain.match, "Which records are duplicates (default normalised)")
      ->check(CLI::IsMember({"exact", "normalised", "fuzzy"}));
  app.add_option(
         "--survivor", chain.survivor,
         "Which record of a cluster stays: first, most_complete, newest:COL (default first)")
      ->type_name("WHICH");
  app.add_flag("--merge", chain.merge,
               "Fill empty cells of that record from the others of its cluster");
  app.add_option("--gate", chain.gate,
                 "When the data counts as good: 'score>=90', 'duplicates<=0.1', 'schema'")
      ->allow_extra_args(false)
      ->type_name("CONDITION");
  AddFormOptions(app, chain.form);
}

void AddClean(CLI::App& parent, CommandLine& line) {
  const auto [app, command] = AddCommand<CleanCommand>(
      parent, line, "clean", "Clean a file: upload, run, watch, fetch the result and its report",
      "  dqctl clean customers.csv\n"
      "  dqctl clean customers.csv --reference master.csv --key customer_id -o clean.csv\n"
      "  dqctl clean customers.csv --gate 'score>=90' --report report.json\n"
      "  dqctl clean export.txt --delimiter semicolon --encoding latin-1 --skip-lines 2\n"
      "  dqctl clean customers.csv --cleaned-format jsonl -o customers.jsonl.gz\n"
      "  dqctl clean customers.csv --local\n");
  app->add_option("FILE", command->file, "The file to clean")->required();
  AddChain(*app, command->chain);
  app->add_option("-o,--output", command->output,
                  "Where the cleaned file goes (default FILE with .cleaned before its extension)");
  app->add_option("--report", command->report, "Write the report, JSON, here");
  app->add_option("--changes", command->changes, "Write one row for every changed cell here");
  app->add_option("--clusters", command->clusters,
                  "Write one row for every record of a cluster of duplicates here");
  app->add_option("--rejects", command->rejects, "Write the rows that cannot be read here");
  CLI::Option* local =
      app->add_flag("--local", command->local, "Run the same engine here, without a scheduler");
  app->add_flag("--detach", command->detach, "Return once the job is created")->excludes(local);
  AddFormat(*app, command->format, "--output-format");
}

void AddJobSubmit(CLI::App& parent, CommandLine& line) {
  const auto [app, command] = AddCommand<JobSubmitCommand>(
      parent, line, "submit", "Create a job and return",
      "  dqctl job submit customers.csv --key customer_id --reference references/master\n"
      "  dqctl job submit files/f-1 --priority 10 --label team=sales -o json\n"
      "  dqctl job submit export.txt --delimiter tab --no-header --cleaned-format csv\n"
      "  dqctl job submit export.csv --not-before 2030-01-31T22:00:00Z --start-deadline 8h\n"
      "  dqctl job submit --chain noop --noop-ms 100\n");
  app->add_option("FILE", command->input, "A path, or a file the scheduler has");
  AddChain(*app, command->chain);
  app->add_option("--noop-ms", command->chain.noop_ms, "How long a stage noop takes")
      ->check(CLI::Range(int64_t{0}, int64_t{3'600'000}));
  app->add_option("--job-id", command->job_id, "The id to be (default: the scheduler chooses)");
  app->add_option("--request-id", command->request_id,
                  "The same one again answers the same job (default: random)");
  app->add_option("--display-name", command->display_name, "A label for people");
  app->add_option("--queue", command->queue, "The queue (default \"default\")");
  app->add_option("--priority", command->priority, "Higher is sooner")
      ->check(CLI::Range(-100, 100))
      ->capture_default_str();
  app->add_option("--max-attempts", command->attempts_max,
                  "Attempts that may fail or be lost (default 3)")
      ->check(CLI::Range(1, 100));
  AddDuration(*app, "--execution-timeout", command->timeout, "The longest an attempt may take");
  AddDuration(*app, "--no-progress-timeout", command->no_progress_timeout,
              "The longest an attempt may report no progress");
  AddInstant(*app, "--not-before", command->not_before, "Let it wait until then");
  AddInstant(*app, "--start-deadline", command->start_deadline,
             "Fail it unless its first attempt starts by then");
  app->add_option_function<std::vector<std::string>>(
         "--label",
         [labels = &command->labels](const std::vector<std::string>& pairs) {
           for (const std::string& pair : pairs) {
             const size_t equals = pair.find('=');
             if (equals == std::string::npos || equals == 0) {
               throw CLI::ValidationError("--label", "KEY=VALUE, not " + pair);
             }
             (*labels)[pair.substr(0, equals)] = pair.substr(equals + 1);
           }
         },
         "A label; may be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app->add_option("--concurrency-key", command->concurrency_key,
                  "Jobs of the project with the same key share --concurrency-limit");
  app->add_option("--concurrency-limit", command->concurrency_limit,
                  "How many of them may run at a time (default 1)")
      ->check(CLI::Range(1, 1'000'000));
  AddFormat(*app, command->format);
}

void AddJobFollow(CLI::App& parent, CommandLine& line) {
  const auto [watch, watched] =
      AddCommand<JobFollowCommand>(parent, line, "watch", "Follow a job to its end with progress",
                                   "  dqctl job watch j-0123\n"
                                   "  dqctl job watch projects/default/jobs/j-0123 -o json\n");
  watch->add_option("JOB", watched->name, "Id or resource name")->required();
  AddDuration(*watch, "--timeout", watched->timeout, "Give up after this, exit code 7");
  AddFormat(*watch, watched->format);

  const auto [wait, waited] =
      AddCommand<JobFollowCommand>(parent, line, "wait", "Wait for a job's end without progress",
                                   "  dqctl job wait j-0123 --timeout 10m && echo done\n");
  waited->show_progress = false;
  wait->add_option("JOB", waited->name, "Id or resource name")->required();
  AddDuration(*wait, "--timeout", waited->timeout, "Give up after this, exit code 7");
  AddFormat(*wait, waited->format);
}

void AddMaxima(CLI::App& app, int& running_max, int& live_max) {
  constexpr int kMax = 1'000'000'000;
  app.add_option("--running-max", running_max, "Jobs that may run at a time")
      ->check(CLI::Range(1, kMax));
  app.add_option("--live-max", live_max, "Unfinished jobs; further ones are refused")
      ->check(CLI::Range(1, kMax));
}

void AddJobActions(CLI::App& parent, CommandLine& line) {
  struct Action {
    JobActionCommand::Kind kind;
    const char* name;
    const char* help;
  };
  constexpr Action kActions[] = {
      {JobActionCommand::Kind::kCancel, "cancel", "Cancel a job"},
      {JobActionCommand::Kind::kPause, "pause",
       "Pause a job; one that runs stops, frees its slot, and starts over when resumed"},
      {JobActionCommand::Kind::kResume, "resume", "Resume a paused job"},
      {JobActionCommand::Kind::kRetry, "retry", "Queue a failed or cancelled job again"},
  };
  for (const Action& action : kActions) {
    const std::string name = action.name;
    const auto [app, command] = AddCommand<JobActionCommand>(
        parent, line, name, action.help, "  dqctl job " + name + " j-0123 --reason 'as agreed'\n");
    command->kind = action.kind;
    app->add_option("JOB", command->name, "Id or resource name")->required();
    app->add_option("--reason", command->reason, "Why, for the audit");
    AddFormat(*app, command->format);
  }
}

void AddJob(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "job", "Create, observe and steer jobs",
                             "  dqctl job submit customers.csv\n"
                             "  dqctl job list --filter 'state = \"FAILED\"'\n"
                             "  dqctl job watch j-0123\n");
  AddJobSubmit(*group, line);
  const auto [get, got] = AddCommand<JobGetCommand>(*group, line, "get", "Print a job",
                                                    "  dqctl job get j-0123 -o json\n");
  get->add_option("JOB", got->name, "Id or resource name")->required();
  AddFormat(*get, got->format);

  const auto [list, listed] = AddCommand<JobListCommand>(
      *group, line, "list", "List jobs, newest first",
      "  dqctl job list\n"
      "  dqctl job list --filter 'state = \"FAILED\" AND labels.team = \"sales\"' -o ndjson\n");
  list->add_option("--filter", listed->filter,
                   "Terms joined by AND over state, queue, worker, labels.*, created_by, "
                   "create_time, end_time, quality_score, error_reason");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);
  AddJobFollow(*group, line);

  AddJobActions(*group, line);

  const auto [events, evented] = AddCommand<JobEventsCommand>(
      *group, line, "events", "Print what happened to a job", "  dqctl job events j-0123\n");
  events->add_option("JOB", evented->name, "Id or resource name")->required();
  AddFormat(*events, evented->format);
}

void AddFile(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "file", "Move files in and out",
                             "  dqctl file upload customers.csv\n"
                             "  dqctl file list\n"
                             "  dqctl file download f-0123 -o customers.csv\n");
  const auto [upload, uploaded] = AddCommand<FileUploadCommand>(
      *group, line, "upload", "Upload a file", "  dqctl file upload customers.csv\n");
  upload->add_option("FILE", uploaded->path, "A path")->required();
  upload->add_option("--file-id", uploaded->file_id, "The id to be");
  AddFormat(*upload, uploaded->format);

  const auto [list, listed] = AddCommand<FileListCommand>(
      *group, line, "list", "List files, newest first", "  dqctl file list -o json\n");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);

  const auto [get, got] = AddCommand<FileGetCommand>(
      *group, line, "get", "Print a file's description", "  dqctl file get f-0123 -o json\n");
  get->add_option("FILE", got->name, "Id or resource name")->required();
  AddFormat(*get, got->format);

  const auto [download, downloaded] =
      AddCommand<FileDownloadCommand>(*group, line, "download", "Download a file",
                                      "  dqctl file download f-0123\n"
                                      "  dqctl file download f-0123 -o - | head\n");
  download->add_option("FILE", downloaded->name, "Id or resource name")->required();
  download->add_option("-o,--output", downloaded->output,
                       "Where it goes; - is stdout (default: its own name, here)");
}

void AddReference(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "ref", "Keep the reference files",
                             "  dqctl ref add master.csv --key customer_id\n"
                             "  dqctl ref list\n");
  const auto [add, added] = AddCommand<ReferenceAddCommand>(
      *group, line, "add", "Make a file a reference",
      "  dqctl ref add master.csv --key customer_id --reference-id master\n");
  add->add_option("FILE", added->file, "A path, or a file the scheduler has")->required();
  add->add_option("--key", added->key, "Columns that identify a row")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COL,..");
  add->add_option("--reference-id", added->reference_id, "The id to be");
  add->add_option("--stage", added->stage, "The stage it serves (default complete)")
      ->check(CLI::IsMember({"complete", "dedupe"}));
  AddFormat(*add, added->format);

  const auto [list, listed] = AddCommand<ReferenceListCommand>(
      *group, line, "list", "List references, newest first", "  dqctl ref list\n");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);
}

void AddLimits(CLI::App& parent, CommandLine& line) {
  CLI::App* queue = AddGroup(parent, "queue", "Look at the queues and limit them",
                             "  dqctl queue list\n  dqctl queue set nightly --running-max 4\n");
  const auto [list, listed] = AddCommand<QueueListCommand>(
      *queue, line, "list", "List the queues with their limits", "  dqctl queue list -o json\n");
  AddFormat(*list, listed->format);
  const auto [set, queue_set] = AddCommand<QueueSetCommand>(
      *queue, line, "set", "Set all limits of a queue; one that is not given is none",
      "  dqctl queue set nightly --running-max 4 --live-max 10000\n");
  set->add_option("QUEUE", queue_set->name, "Its id")->required();
  AddMaxima(*set, queue_set->running_max, queue_set->live_max);
  AddFormat(*set, queue_set->format);

  CLI::App* project = AddGroup(parent, "project", "Look at the projects and limit them",
                               "  dqctl project list\n  dqctl project set sales --weight 3\n");
  const auto [projects, projects_listed] =
      AddCommand<ProjectListCommand>(*project, line, "list", "List the projects with their limits",
                                     "  dqctl project list -o json\n");
  AddFormat(*projects, projects_listed->format);
  const auto [set_project, project_set] = AddCommand<ProjectSetCommand>(
      *project, line, "set",
      "Set the share and all limits of a project; one that is not given is none",
      "  dqctl project set sales --weight 3 --running-max 20\n");
  set_project->add_option("PROJECT", project_set->name, "Its id")->required();
  AddMaxima(*set_project, project_set->running_max, project_set->live_max);
  set_project->add_option("--weight", project_set->weight, "Share of the slots while others wait")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddFormat(*set_project, project_set->format);
}

void AddOperator(CLI::App& parent, CommandLine& line) {
  CLI::App* worker = AddGroup(parent, "worker", "Look at the workers", "  dqctl worker list\n");
  const auto [list, listed] = AddCommand<WorkerListCommand>(
      *worker, line, "list", "List the connected workers", "  dqctl worker list -o json\n");
  AddFormat(*list, listed->format);

  CLI::App* admin = AddGroup(parent, "admin", "Look at the scheduler", "  dqctl admin stats\n");
  const auto [stats, counted] = AddCommand<AdminStatsCommand>(
      *admin, line, "stats", "Print counts of jobs, workers and slots",
      "  dqctl admin stats -o json\n");
  AddFormat(*stats, counted->format);
}

void AddMachine(CLI::App& parent, CommandLine& line) {
  const auto [dev, started] = AddCommand<DevCommand>(
      parent, line, "dev",
      "Run a private PostgreSQL, a scheduler and workers until Ctrl-C; data is kept",
      "  dqctl dev\n"
      "  dqctl dev --data-dir /srv/dq --workers 4 --listen 127.0.0.1:0\n");
  dev->add_option("--data-dir", started->data_dir,
                  "Where everything is kept (default ~/.local/share/dq/dev)");
  dev->add_option("--workers", started->workers, "Worker processes")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  dev->add_option("--slots", started->slots, "Jobs a worker runs at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  dev->add_option("--listen", started->listen,
                  "Where the scheduler serves; port 0 is a free one (default 127.0.0.1:7400)")
      ->type_name("HOST:PORT");
  dev->add_option("--ready-file", started->ready_file,
                  "Write the scheduler's address here once everything serves");

  const auto [doctor, examined] = AddCommand<DoctorCommand>(
      parent, line, "doctor", "Say what is wrong here, and what to do about it",
      "  dqctl doctor\n  dqctl doctor --address scheduler:7400\n");
  AddFormat(*doctor, examined->format);

  const auto [version, versioned] =
      AddCommand<VersionCommand>(parent, line, "version", "Print the version", "  dqctl version\n");
  AddFormat(*version, versioned->format);
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Returns what is wrong when `arguments` name a command that does not exist, with those that do.
std::string UnknownCommand(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* app = &root;
  std::string path = root.get_name();
  for (size_t i = 0; i < arguments.size() && !CommandsOf(*app).empty(); ++i) {
    const std::string& word = arguments[i];
    if (word.rfind('-', 0) == 0) {
      if (word.find('=') == std::string::npos) ++i;  // Its value.
      continue;
    }
    const CLI::App* next = nullptr;
    std::string known;
    for (const CLI::App* command : CommandsOf(*app)) {
      if (command->get_name() == word) next = command;
      known += (known.empty() ? "" : ", ") + command->get_name();
    }
    if (next == nullptr) {
      return path + " has no command \"" + word + "\"; it has " + known;
    }
    app = next;
    path += " " + word;
  }
  return "";
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  CommandLine line;
  CLI::App app("Cleans tabular files through a fleet of workers, or right here.", "dqctl");
  app.formatter(std::make_shared<ExamplesFirst>());
  app.footer(
      "  dqctl clean customers.csv --reference master.csv --key customer_id\n"
      "  dqctl dev                                  # a scheduler and workers on this machine\n"
      "  dqctl job list\n");
  app.require_subcommand(1);
  app.add_option("--address", line.flags.address,
                 "The scheduler, HOST:PORT (DQ_ADDRESS, config file, default 127.0.0.1:7400)");
  app.add_option("--project", line.flags.project,
                 "The project (DQ_PROJECT, config file, default \"default\")");
  AddClean(app, line);
  AddJob(app, line);
  AddFile(app, line);
  AddReference(app, line);
  AddLimits(app, line);
  AddOperator(app, line);
  AddMachine(app, line);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    line.command.reset();
    line.help = app.help();
  } catch (const CLI::ParseError& error) {
    const std::string unknown = UnknownCommand(app, arguments);
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     unknown.empty() ? error.what() : unknown);
  }
  return line;
}

}  // namespace dq::dqctl
