#include "scheduler/dqctl/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/rpc/utf8.h"
#include "scheduler/dqctl/admin_options.h"
#include "scheduler/dqctl/batch_options.h"
#include "scheduler/dqctl/completion.h"
#include "scheduler/dqctl/job_options.h"
#include "scheduler/dqctl/option_parts.h"
#include "scheduler/dqctl/reference_options.h"
#include "scheduler/dqctl/report_options.h"
#include "scheduler/dqctl/schedule_options.h"
#include "scheduler/dqctl/webhook_options.h"

namespace dq::dqctl {
namespace {

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
  app->add_option(
      "-o,--output", command->output,
      "Where the cleaned file goes (default FILE with .cleaned before its extension, as in "
      "a.cleaned.csv.gz)");
  app->add_option("--report", command->report, "Write the report, JSON, here");
  app->add_option("--changes", command->changes, "Write one row for every changed cell here");
  app->add_option("--clusters", command->clusters,
                  "Write one row for every record of a cluster of duplicates here");
  app->add_option("--rejects", command->rejects, "Write the rows that cannot be read here");
  app->add_option("--profile", command->profile,
                  "Write what was found about every column here, a line of JSON each");
  app->add_option_function<std::string>(
      "--keep-intermediate",
      [command](const std::string& path) {
        command->intermediate = path;
        command->chain.keep_intermediate = true;
      },
      "Write the rows as the stage complete has left them for the stages behind it here");
  CLI::Option* local =
      app->add_flag("--local", command->local, "Run the same engine here, without a scheduler");
  app->add_flag("--detach", command->detach, "Return once the job is created")->excludes(local);
  AddFormat(*app, command->format, "--output-format");
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

  const auto [add, registered] = AddCommand<FileRegisterCommand>(
      *group, line, "register", "Make a file of what lies beneath the storage root already",
      "  dqctl file register file:///exports/customers.csv\n");
  add->add_option("URI", registered->uri, "file:///key, a path beneath the storage root")
      ->required();
  add->add_option("--file-id", registered->file_id, "The id to be");
  AddFormat(*add, registered->format);
  AddDelete(*group, line, DeleteCommand::Kind::kFile,
            "Delete files that no reference and no unfinished job needs; of a registered one the "
            "bytes stay");
}

void AddMaxima(CLI::App& app, int& running_max, int& live_max) {
  constexpr int kMax = 1'000'000'000;
  app.add_option("--running-max", running_max, "Jobs that may run at a time")
      ->check(CLI::Range(1, kMax));
  app.add_option("--live-max", live_max, "Unfinished jobs; further ones are refused")
      ->check(CLI::Range(1, kMax));
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

  const std::map<std::string, Shell> shells = {
      {"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}};
  const auto [completion, completed] = AddCommand<CompletionCommand>(
      parent, line, "completion", "Print what makes a shell complete command lines of dqctl",
      "  source <(dqctl completion bash)\n"
      "  dqctl completion bash > ~/.local/share/bash-completion/completions/dqctl\n"
      "  dqctl completion zsh > ~/.zfunc/_dqctl\n"
      "  dqctl completion fish > ~/.config/fish/completions/dqctl.fish\n");
  completion->add_option("SHELL", completed->shell, "Which shell: bash, zsh or fish")
      ->required()
      ->transform(CLI::CheckedTransformer(shells).description("{bash,zsh,fish}"));
}

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Refuses what no message could carry. A local run sends none, and its files may have any name.
absl::Status CheckText(const std::vector<std::string>& arguments) {
  if (std::ranges::find(arguments, "--local") != arguments.end()) return absl::OkStatus();
  const auto bad = std::ranges::find_if_not(
      arguments, [](const std::string& argument) { return IsValidUtf8(argument); });
  if (bad == arguments.end()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                   "argument " + std::to_string(bad - arguments.begin() + 1) + ", " +
                       ValidUtf8(*bad, bad->size()) +
                       ", is not UTF-8; rename a file that has such a name");
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
  DQ_RETURN_IF_ERROR(CheckText(arguments));
  CommandLine line;
  CLI::App app("Cleans tabular files through a fleet of workers, or right here.", "dqctl");
  app.formatter(std::make_shared<ExamplesFirst>());
  app.footer(
      "  dqctl clean customers.csv --reference master.csv --key customer_id\n"
      "  dqctl dev                                  # a scheduler and workers on this machine\n"
      "  dqctl job list\n");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("dqctl ") + DQ_VERSION);
  app.add_option("--address", line.flags.address,
                 "The scheduler, HOST:PORT (DQ_ADDRESS, config file, default 127.0.0.1:7400)");
  app.add_option("--project", line.flags.project,
                 "The project (DQ_PROJECT, config file, default \"default\")");
  AddClean(app, line);
  AddJob(app, line);
  AddBatch(app, line);
  AddFile(app, line);
  AddReferenceCommands(app, line);
  AddReport(app, line);
  AddSchedule(app, line);
  AddLimits(app, line);
  AddWebhook(app, line);
  AddOperator(app, line);
  AddMachine(app, line);
  if (!arguments.empty() && arguments.front() == kCompleteArgument) {
    line.help = CompletionLines(CompletionsOf(app, {arguments.begin() + 1, arguments.end()}));
    return line;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    line.command.reset();
    line.help = app.help();
  } catch (const CLI::CallForVersion& version) {
    line.command.reset();
    line.help = std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& error) {
    const std::string unknown = UnknownCommand(app, arguments);
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     unknown.empty() ? error.what() : unknown);
  }
  return line;
}

}  // namespace dq::dqctl
