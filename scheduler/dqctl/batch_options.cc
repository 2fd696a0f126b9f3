#include "scheduler/dqctl/batch_options.h"

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {
namespace {

void AddBatchSubmit(CLI::App& parent, CommandLine& line) {
  const auto [app, command] = AddCommand<BatchSubmitCommand>(
      parent, line, "submit", "Create a batch, a job for each file, and return",
      "  dqctl batch submit january.csv february.csv march.csv\n"
      "  dqctl batch submit --dir exports --glob '*.csv' --max-parallel 4\n"
      "  dqctl batch submit --dir exports --sequential --stop-on-error -o json\n"
      "  dqctl batch submit --server-dir exports --recursive --glob '*.csv'\n"
      "  dqctl batch submit --generate 100 --chain noop --operation-name 'run {index}'\n");
  CLI::Option* files = app->add_option("FILE", command->files, "Paths, or files the scheduler has");
  CLI::Option* folder =
      app->add_option("--dir", command->folder, "Or all files in this directory, by name")
          ->excludes(files);
  CLI::Option* server_folder =
      app->add_option("--server-dir", command->server_folder,
                      "Or all files in this directory beneath the scheduler's storage root")
          ->excludes(files)
          ->excludes(folder);
  CLI::Option* generate =
      app->add_option("--generate", command->generate,
                      "Or so many operations over one FILE, or none with --chain noop")
          ->check(CLI::Range(1, 100'000))
          ->excludes(folder)
          ->excludes(server_folder);
  app->add_option("--glob", command->glob, "Of a directory those files whose names fit")
      ->excludes(files)
      ->excludes(generate)
      ->capture_default_str();
  app->add_flag("--recursive", command->recursive, "Look into the directories beneath, too")
      ->needs(server_folder);
  app->add_option("--operation-name", command->operation_name,
                  "What each is called; {index} is its number")
      ->needs(generate);
  AddChain(*app, command->chain);
  CLI::Option* sequential = app->add_flag("--sequential", command->sequential,
                                          "Run one after the other, not side by side");
  app->add_option("--max-parallel", command->max_parallel, "How many may run at a time")
      ->check(CLI::Range(1, 1'000'000))
      ->excludes(sequential);
  app->add_flag("--stop-on-error", command->stop_on_error,
                "Skip what has not started once one has failed");
  app->add_option("--batch-id", command->batch_id, "The id to be (default: the scheduler chooses)");
  AddCreation(*app, "batch", command->creation);
  AddFormat(*app, command->format);
}

void AddBatchActions(CLI::App& group, CommandLine& line) {
  using Kind = BatchActionCommand::Kind;
  const auto add = [&](Kind kind, const char* name, const char* help) {
    const auto [app, command] = AddAction<BatchActionCommand>(group, line, kind, name, help);
    app->add_option("--etag", command->etag, "Only if it is what it was when it had this etag");
  };
  add(Kind::kCancel, "cancel", "Cancel a batch: skip what waits, cancel what runs");
  add(Kind::kPause, "pause", "Pause a batch and all of its operations");
  add(Kind::kResume, "resume", "Resume a paused batch");
  add(Kind::kRetry, "retry", "Run again what has not completed in a batch that has ended");
  AddDelete(group, line, DeleteCommand::Kind::kBatch,
            "Delete batches that have ended, with all of their operations and the files they made");
}

}  // namespace

void AddBatch(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "batch", "Run many files together",
                             "  dqctl batch submit --dir exports --glob '*.csv'\n"
                             "  dqctl batch watch b-0123\n"
                             "  dqctl job list --filter 'batch = \"b-0123\"'\n");
  AddBatchSubmit(*group, line);
  const auto [get, got] = AddCommand<BatchGetCommand>(*group, line, "get", "Print a batch",
                                                      "  dqctl batch get b-0123 -o json\n");
  get->add_option("BATCH", got->name, "Id or resource name")->required();
  AddFormat(*get, got->format);

  const auto [list, listed] = AddCommand<BatchListCommand>(
      *group, line, "list", "List batches, newest first", "  dqctl batch list\n");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);

  const auto [watch, watched] =
      AddCommand<BatchWatchCommand>(*group, line, "watch", "Follow a batch to its end",
                                    "  dqctl batch watch b-0123 --timeout 1h\n");
  watch->add_option("BATCH", watched->name, "Id or resource name")->required();
  AddDuration(*watch, "--timeout", watched->timeout, "Give up after this, exit code 7");
  AddFormat(*watch, watched->format);
  const auto [results, fetched] =
      AddCommand<BatchResultsCommand>(*group, line, "results", "Fetch the cleaned files of a batch",
                                      "  dqctl batch results b-0123 --output-dir cleaned\n");
  results->add_option("BATCH", fetched->name, "Id or resource name")->required();
  results
      ->add_option("--output-dir", fetched->output_dir, "Where they go; made when it is not there")
      ->capture_default_str();
  AddBatchActions(*group, line);
}

}  // namespace dq::dqctl
