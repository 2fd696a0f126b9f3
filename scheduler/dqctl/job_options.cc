#include "scheduler/dqctl/job_options.h"

#include <string>
#include <vector>

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {
namespace {

// Excludes what describes one job.
void AddFromFile(CLI::App& app, std::string& from_file) {
  const std::vector<CLI::Option*> of_one_job = app.get_options();
  CLI::Option* const option =
      app.add_option("--from-file", from_file,
                     "Create many jobs: lines of JSON, a CreateJobRequest each; - is stdin. "
                     "--request-id then begins the ids of requests without one");
  for (CLI::Option* other : of_one_job) {
    if (other != app.get_help_ptr() && !other->check_name("--request-id")) option->excludes(other);
  }
}

void AddJobSubmit(CLI::App& parent, CommandLine& line) {
  const auto [app, command] = AddCommand<JobSubmitCommand>(
      parent, line, "submit", "Create a job and return",
      "  dqctl job submit customers.csv --key customer_id --reference references/master\n"
      "  dqctl job submit files/f-1 --priority 10 --label team=sales -o json\n"
      "  dqctl job submit export.txt --delimiter tab --no-header --cleaned-format csv\n"
      "  dqctl job submit export.csv --not-before 2030-01-31T22:00:00Z --start-deadline 8h\n"
      "  dqctl job submit files/f-2 --depends-on j-0123 --depends-on j-0124\n"
      "  dqctl job submit --chain noop --noop-ms 100\n"
      "  dqctl job submit --from-file jobs.jsonl\n");
  app->add_option("FILE", command->input, "A path, or a file the scheduler has");
  AddChain(*app, command->chain);
  app->add_option("--noop-ms", command->chain.noop_ms, "How long a stage noop takes")
      ->check(CLI::Range(int64_t{0}, int64_t{3'600'000}));
  app->add_option("--job-id", command->job_id, "The id to be (default: the scheduler chooses)");
  AddCreation(*app, "job", command->creation);
  AddDuration(*app, "--execution-timeout", command->timeout, "The longest an attempt may take");
  AddNoProgressTimeout(*app, command->no_progress_timeout);
  AddInstant(*app, "--not-before", command->not_before, "Let it wait until then");
  AddInstant(*app, "--start-deadline", command->start_deadline,
             "Fail it unless its first attempt starts by then");
  app->add_option(
         "--depends-on", command->depends_on,
         "Let it wait until that job is COMPLETED, and skip it if that ends otherwise; may "
         "be given again")
      ->type_name("JOB")
      ->allow_extra_args(false);
  app->add_option("--concurrency-key", command->concurrency_key,
                  "Jobs of the project with the same key share --concurrency-limit");
  app->add_option("--concurrency-limit", command->concurrency_limit,
                  "How many of them may run at a time (default 1)")
      ->check(CLI::Range(1, 1'000'000));
  AddFromFile(*app, command->from_file);
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

void AddJobActions(CLI::App& group, CommandLine& line) {
  using Kind = JobActionCommand::Kind;
  const auto add = [&](Kind kind, const char* name, const char* help) {
    return AddAction<JobActionCommand>(group, line, kind, name, help);
  };
  add(Kind::kCancel, "cancel", "Cancel a job");
  add(Kind::kPause, "pause",
      "Pause a job; one that runs stops, frees its slot, and goes on from its checkpoint later");
  add(Kind::kResume, "resume", "Resume a paused job");
  const auto [app, command] =
      add(Kind::kRetry, "retry",
          "Queue a failed or cancelled job again; a failed one goes on from its checkpoint within "
          "an hour of its end");
  app->add_flag_callback(
      "--from-start", [kind = &command->kind] { *kind = Kind::kRetryFromStart; },
      "Begin at the start of the input, not at the job's checkpoint");
  AddDelete(group, line, DeleteCommand::Kind::kJob,
            "Delete jobs that have ended, with the files they made; their history stays");
}

}  // namespace

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
                   "create_time, end_time, quality_score, error_reason, stage, batch, verdict");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);
  AddJobFollow(*group, line);

  AddJobActions(*group, line);

  const auto [events, evented] = AddCommand<JobEventsCommand>(
      *group, line, "events", "Print what happened to a job", "  dqctl job events j-0123\n");
  events->add_option("JOB", evented->name, "Id or resource name")->required();
  AddFormat(*events, evented->format);
}

}  // namespace dq::dqctl
