#include "scheduler/dqctl/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/form_options.h"
#include "scheduler/dqctl/inputs.h"

namespace dq::dqctl {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

template <typename C>
C Parsed(const std::vector<std::string>& arguments) {
  const auto line = ParseCommandLine(arguments);
  EXPECT_TRUE(line.ok()) << line.status();
  return std::get<C>(*line->command);
}

TEST(Options, ListsTakeNoArgumentThatIsNotTheirs) {
  const auto command =
      Parsed<CleanCommand>({"clean", "--key", "a,b", "in.csv", "--gate", "schema"});
  EXPECT_THAT(command.chain.key, ElementsAre("a", "b"));
  EXPECT_EQ(command.file, "in.csv");
  EXPECT_THAT(command.chain.gate, ElementsAre("schema"));
}

TEST(Options, GlobalFlagsMayComeBeforeAndAfterTheCommand) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--address", "h:1", "job", "get", "j"},
        std::vector<std::string>{"job", "get", "j", "--address", "h:1"}}) {
    EXPECT_EQ(ParseCommandLine(arguments)->flags.address, "h:1");
  }
}

TEST(Options, TheVersionIsAFlagToo) {
  const auto line = ParseCommandLine({"--version"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_FALSE(line->command.has_value());
  EXPECT_THAT(line->help, StartsWith("dqctl 0."));
}

TEST(Options, ReferencesAreAddedUpdatedAndActivated) {
  const auto add =
      Parsed<ReferenceAddCommand>({"ref", "add", "m.csv", "--key", "a,b", "--activate"});
  EXPECT_TRUE(add.activate && !add.skip_validation && !add.no_wait);
  const auto update = Parsed<ReferenceUpdateCommand>(
      {"ref", "update", "master", "--key", "code", "--skip-validation", "--no-wait"});
  EXPECT_EQ(update.name, "master");
  EXPECT_EQ(update.file, "");
  EXPECT_THAT(update.key, ElementsAre("code"));
  EXPECT_TRUE(update.skip_validation && update.no_wait);
  EXPECT_TRUE(Parsed<ReferenceActivateCommand>({"ref", "activate", "master"}).active);
  EXPECT_FALSE(Parsed<ReferenceActivateCommand>({"ref", "deactivate", "master"}).active);
  EXPECT_EQ(Parsed<ReferenceDeleteCommand>({"ref", "delete", "master"}).name, "master");
}

TEST(ChainRequest, AJobMayDoWithoutAReferenceOrWithAnEarlierResult) {
  const auto command =
      Parsed<CleanCommand>({"clean", "in.csv", "--no-reference", "--use-cached-result"});
  const auto spec = SpecOf(command.chain);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_TRUE(spec->no_reference());
  EXPECT_TRUE(spec->use_cached_result());
  EXPECT_FALSE(
      ParseCommandLine({"clean", "in.csv", "--no-reference", "--reference", "r.csv"}).ok());
}

TEST(Options, TimesAndLabelsAreRead) {
  const auto wait = Parsed<JobFollowCommand>({"job", "wait", "j-1", "--timeout", "90s"});
  EXPECT_FALSE(wait.show_progress);
  EXPECT_EQ(wait.timeout, absl::Seconds(90));
  const auto submit =
      Parsed<JobSubmitCommand>({"job", "submit", "--label", "a=b=c", "--label", "d=", "in.csv"});
  EXPECT_EQ(submit.creation.labels, (std::map<std::string, std::string>{{"a", "b=c"}, {"d", ""}}));
  EXPECT_EQ(submit.input, "in.csv");
}

TEST(Options, MistakesAreUsageErrors) {
  using Line = std::vector<std::string>;
  for (const Line& bad :
       {Line{}, Line{"clean"}, Line{"nothing"}, Line{"job"},
        Line{"clean", "f", "--local", "--detach"}, Line{"clean", "f", "--output-format", "xml"},
        Line{"job", "wait", "j", "--timeout", "soon"}, Line{"job", "submit", "--label", "x"},
        Line{"clean", "f", "--fill", "guess"}, Line{"clean", "f", "--delimiter", "none"},
        Line{"clean", "f", "--quote", "''"}, Line{"clean", "f", "--header", "--no-header"},
        Line{"clean", "f", "--skip-lines", "-1"}, Line{"clean", "f", "--format", "xls"}}) {
    EXPECT_EQ(ReasonOf(ParseCommandLine(bad).status()), "USAGE") << testing::PrintToString(bad);
  }
}

TEST(Options, CommandsOfOperatorsAreRead) {
  const auto recover = Parsed<AdminRecoverCommand>(
      {"admin", "recover", "release", "j-1", "--diagnosis", "no-progress", "--force"});
  EXPECT_EQ(recover.action, "release");
  EXPECT_THAT(recover.names, ElementsAre("j-1"));
  EXPECT_TRUE(recover.force);
  const auto bulk =
      Parsed<AdminBulkCommand>({"admin", "bulk", "cancel", "--filter", "a", "--per-second", "5"});
  EXPECT_EQ(bulk.per_second_max, 5);
  EXPECT_FALSE(bulk.force);
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"admin", "bulk", "cancel"},
        std::vector<std::string>{"admin", "bulk", "burn", "--filter", "a"},
        std::vector<std::string>{"admin", "recover"},
        std::vector<std::string>{"admin", "stuck", "--diagnosis", "lazy"}}) {
    EXPECT_EQ(ReasonOf(ParseCommandLine(bad).status()), "USAGE") << testing::PrintToString(bad);
  }
}

TEST(Options, WhatIsDeletedIsTheResourceNamed) {
  const auto job = Parsed<DeleteCommand>({"job", "delete", "j-1", "j-2", "--with-input"});
  EXPECT_EQ(job.kind, DeleteCommand::Kind::kJob);
  EXPECT_THAT(job.names, ElementsAre("j-1", "j-2"));
  EXPECT_TRUE(job.with_input);
  const auto batch = Parsed<DeleteCommand>({"batch", "delete", "b-1", "--reason", "old"});
  EXPECT_EQ(batch.kind, DeleteCommand::Kind::kBatch);
  EXPECT_EQ(batch.reason, "old");
  EXPECT_FALSE(batch.with_input);
  EXPECT_EQ(Parsed<DeleteCommand>({"file", "delete", "f-1"}).kind, DeleteCommand::Kind::kFile);
  EXPECT_EQ(Parsed<FileRegisterCommand>({"file", "register", "file:///a.csv"}).uri,
            "file:///a.csv");
  EXPECT_EQ(Parsed<AdminBulkCommand>({"admin", "bulk", "delete", "--filter", "a"}).action,
            "delete");
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"job", "delete"},
        std::vector<std::string>{"file", "delete", "f", "--with-input"},
        std::vector<std::string>{"file", "register"}}) {
    EXPECT_EQ(ReasonOf(ParseCommandLine(bad).status()), "USAGE") << testing::PrintToString(bad);
  }
}

TEST(Options, AnUnknownCommandIsToldWithThoseThatExist) {
  const std::string top = MessageOf(ParseCommandLine({"jobs", "list"}).status());
  EXPECT_NE(top.find("dqctl has no command \"jobs\"; it has clean, job, batch, file"),
            std::string::npos)
      << top;
  const std::string job =
      MessageOf(ParseCommandLine({"--project", "p", "job", "stop", "j-1"}).status());
  EXPECT_NE(job.find("dqctl job has no command \"stop\"; it has submit, get, list"),
            std::string::npos)
      << job;
  EXPECT_NE(job.find("pause, resume, retry"), std::string::npos) << job;
}

TEST(Options, ActionsOnJobsAreTheOnesNamed) {
  const auto kind_of = [](const std::string& name, const std::string& reason = "--reason=why") {
    const auto line = ParseCommandLine({"job", name, "j-1", reason});
    return std::get<JobActionCommand>(*line->command).kind;
  };
  EXPECT_EQ(kind_of("cancel"), JobActionCommand::Kind::kCancel);
  EXPECT_EQ(kind_of("pause"), JobActionCommand::Kind::kPause);
  EXPECT_EQ(kind_of("resume"), JobActionCommand::Kind::kResume);
  EXPECT_EQ(kind_of("retry"), JobActionCommand::Kind::kRetry);
  EXPECT_EQ(kind_of("retry", "--from-start"), JobActionCommand::Kind::kRetryFromStart);
}

TEST(Options, ABatchIsOfFilesOrOfADirectory) {
  const auto files = Parsed<BatchSubmitCommand>(
      {"batch", "submit", "a.csv", "b.csv", "--max-parallel", "2", "--stop-on-error"});
  EXPECT_THAT(files.files, ElementsAre("a.csv", "b.csv"));
  EXPECT_EQ(files.max_parallel, 2);
  EXPECT_TRUE(files.stop_on_error);
  const auto folder = Parsed<BatchSubmitCommand>(
      {"batch", "submit", "--dir", "in", "--glob", "*.csv", "--sequential"});
  EXPECT_EQ(folder.folder, "in");
  EXPECT_EQ(folder.glob, "*.csv");
  EXPECT_TRUE(folder.sequential);
  const auto there = Parsed<BatchSubmitCommand>(
      {"batch", "submit", "--server-dir", "in", "--glob", "*.csv", "--recursive"});
  EXPECT_EQ(there.server_folder, "in");
  EXPECT_TRUE(there.recursive);
  const auto generated = Parsed<BatchSubmitCommand>(
      {"batch", "submit", "a.csv", "--generate", "100000", "--operation-name", "run {index}"});
  EXPECT_EQ(generated.generate, 100'000);
  EXPECT_EQ(generated.operation_name, "run {index}");
  using Line = std::vector<std::string>;
  for (const Line& bad : {Line{"batch", "submit", "a.csv", "--dir", "in"},
                          Line{"batch", "submit", "a.csv", "--glob", "*"},
                          Line{"batch", "submit", "a.csv", "--server-dir", "in"},
                          Line{"batch", "submit", "--dir", "in", "--server-dir", "in"},
                          Line{"batch", "submit", "--dir", "in", "--recursive"},
                          Line{"batch", "submit", "--generate", "100001"},
                          Line{"batch", "submit", "--generate", "2", "--server-dir", "in"},
                          Line{"batch", "submit", "a.csv", "--operation-name", "x"},
                          Line{"batch", "submit", "a.csv", "--sequential", "--max-parallel", "2"},
                          Line{"batch", "get"}, Line{"batch", "erase", "b"}}) {
    EXPECT_EQ(ReasonOf(ParseCommandLine(bad).status()), "USAGE") << testing::PrintToString(bad);
  }
  EXPECT_EQ(Parsed<BatchActionCommand>({"batch", "retry", "b-1", "--reason", "mended"}).kind,
            BatchActionCommand::Kind::kRetry);
}

TEST(Options, AScheduleNeedsItsExpression) {
  const auto created = Parsed<ScheduleCreateCommand>(
      {"schedule", "create", "a.csv", "--cron", "30 2 * * *", "--time-zone", "Europe/Berlin",
       "--overlap", "queue", "--catch-up", "2h", "--paused", "--schedule-id", "nightly"});
  EXPECT_THAT(created.files, ElementsAre("a.csv"));
  EXPECT_EQ(created.times.cron, "30 2 * * *");
  EXPECT_EQ(created.times.time_zone, "Europe/Berlin");
  EXPECT_EQ(created.times.overlap, "queue");
  EXPECT_EQ(created.times.catch_up, absl::Hours(2));
  EXPECT_TRUE(created.paused);
  EXPECT_EQ(created.schedule_id, "nightly");
  EXPECT_EQ(
      Parsed<ScheduleUpdateCommand>({"schedule", "update", "s", "--cron", "@daily"}).times.cron,
      "@daily");
  using Kind = ScheduleActionCommand::Kind;
  const auto kind_of = [](const std::string& name) {
    return Parsed<ScheduleActionCommand>({"schedule", name, "s"}).kind;
  };
  EXPECT_EQ(kind_of("pause"), Kind::kPause);
  EXPECT_EQ(kind_of("resume"), Kind::kResume);
  EXPECT_EQ(kind_of("trigger"), Kind::kTrigger);
  EXPECT_EQ(kind_of("delete"), Kind::kDelete);
  using Line = std::vector<std::string>;
  for (const Line& bad : {Line{"schedule", "create", "a.csv"}, Line{"schedule", "pause"},
                          Line{"schedule", "create", "--cron", "@daily", "--overlap", "wait"},
                          Line{"schedule", "create", "--cron", "@daily", "--catch-up", "0s"}}) {
    EXPECT_EQ(ReasonOf(ParseCommandLine(bad).status()), "USAGE") << testing::PrintToString(bad);
  }
}

TEST(Options, AWebhookIsOfKnownEventsAndItsSecretIsNotOnTheLine) {
  const auto created =
      Parsed<WebhookCreateCommand>({"webhook", "create", "https://example.com", "--event",
                                    "job.failed", "--event", "batch.failed", "--secret-file", "-"});
  EXPECT_EQ(created.url, "https://example.com");
  EXPECT_THAT(created.events, ElementsAre("job.failed", "batch.failed"));
  EXPECT_EQ(created.secret_file, "-");
  EXPECT_EQ(Parsed<WebhookActionCommand>({"webhook", "delete", "w"}).kind,
            WebhookActionCommand::Kind::kDelete);
  EXPECT_EQ(Parsed<WebhookResendCommand>({"webhook", "resend", "w", "d-7"}).delivery, "d-7");
  using Line = std::vector<std::string>;
  for (const Line& bad : {Line{"webhook", "create"}, Line{"webhook", "test"},
                          Line{"webhook", "create", "https://example.com", "--event", "job.lost"},
                          Line{"webhook", "create", "https://example.com", "--secret", "whsec_x"},
                          Line{"webhook", "resend", "w"}}) {
    EXPECT_EQ(ReasonOf(ParseCommandLine(bad).status()), "USAGE") << testing::PrintToString(bad);
  }
}

TEST(Options, HelpOfEveryCommandBeginsWithExamples) {
  using Line = std::vector<std::string>;
  for (const Line& command : {Line{},
                              Line{"clean"},
                              Line{"job"},
                              Line{"job", "submit"},
                              Line{"job", "get"},
                              Line{"job", "list"},
                              Line{"job", "watch"},
                              Line{"job", "wait"},
                              Line{"job", "cancel"},
                              Line{"job", "events"},
                              Line{"batch"},
                              Line{"batch", "submit"},
                              Line{"batch", "watch"},
                              Line{"batch", "retry"},
                              Line{"file"},
                              Line{"file", "upload"},
                              Line{"file", "list"},
                              Line{"file", "get"},
                              Line{"file", "download"},
                              Line{"ref"},
                              Line{"ref", "add"},
                              Line{"ref", "list"},
                              Line{"schedule"},
                              Line{"schedule", "create"},
                              Line{"schedule", "list"},
                              Line{"schedule", "get"},
                              Line{"schedule", "update"},
                              Line{"schedule", "trigger"},
                              Line{"worker"},
                              Line{"worker", "list"},
                              Line{"webhook"},
                              Line{"webhook", "create"},
                              Line{"webhook", "deliveries"},
                              Line{"admin"},
                              Line{"admin", "stats"},
                              Line{"dev"},
                              Line{"doctor"},
                              Line{"version"}}) {
    Line line = command;
    line.push_back("--help");
    const auto parsed = ParseCommandLine(line);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_FALSE(parsed->command.has_value());
    EXPECT_THAT(parsed->help, StartsWith("Examples:\n  dqctl ")) << testing::PrintToString(command);
  }
}

TEST(ChainRequest, TheFormByHandIsThatOfTheJobAndOfALocalRun) {
  const auto command = Parsed<JobSubmitCommand>(
      {"job", "submit", "in.txt", "--delimiter", ";", "--quote=-", "--escape", "\\", "--comment",
       "#", "--skip-lines", "2", "--no-header", "--cleaned-format", "jsonl", "--formula-guard",
       "--on-bad-row", "pad"});
  const FileFormTexts form = {
      {"delimiter", ";"},         {"quote", "-"},           {"escape", "\\"},
      {"comment", "#"},           {"skip_lines", "2"},      {"header", "no"},
      {"output_format", "jsonl"}, {"formula_guard", "yes"}, {"on_bad_row", "pad"}};
  EXPECT_EQ(command.chain.form, form);
  const auto spec = SpecOf(command.chain);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(FileFormTexts(spec->form().begin(), spec->form().end()), form);
  EXPECT_THAT(
      WorkerFormArguments(form),
      ElementsAre("--comment=#", "--delimiter=;", "--escape=\\", "--formula-guard", "--no-header",
                  "--on-bad-row=pad", "--output-format=jsonl", "--quote=-", "--skip-lines=2"));
}

TEST(ChainRequest, AnOptionWithoutItsStageIsAMistake) {
  ChainOptions options;
  options.stages = {"dedupe"};
  options.key = {"id"};
  EXPECT_EQ(ReasonOf(SpecOf(options).status()), "USAGE");
  options.stages = {"complete"};
  EXPECT_EQ(SpecOf(options)->stages(0).complete().key_columns(0), "id");
  options.match = "exact";
  EXPECT_EQ(ReasonOf(SpecOf(options).status()), "USAGE");
}

TEST(ChainRequest, ColumnsAndConfidenceAreTheStages) {
  const auto command = Parsed<CleanCommand>({"clean", "in.csv", "--dedupe-columns", "name,city",
                                             "--min-confidence", "0.95", "--duplicates", "keep"});
  const auto spec = SpecOf(command.chain);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->stages(0).complete().min_confidence(), 0.95);
  EXPECT_THAT(spec->stages(1).dedupe().columns(), ElementsAre("name", "city"));
}

TEST(Options, ANoProgressTimeoutThatNoJobCouldKeepToIsRefused) {
  const auto parse = [](const char* timeout) {
    return ParseCommandLine({"job", "submit", "f-1", "--no-progress-timeout", timeout});
  };
  EXPECT_TRUE(parse("10s").ok());
  EXPECT_EQ(ReasonOf(parse("9s").status()), "USAGE");
  EXPECT_THAT(MessageOf(parse("2s").status()), testing::HasSubstr("workers report every 3s"));
}

TEST(Options, WhatIsNotUtf8IsRefusedUnlessNothingIsSent) {
  const std::string name = "caf\xE9.csv";
  const auto refused = ParseCommandLine({"job", "submit", name});
  EXPECT_EQ(ReasonOf(refused.status()), "USAGE");
  EXPECT_THAT(MessageOf(refused.status()),
              testing::HasSubstr("argument 3, caf?.csv, is not UTF-8"));
  EXPECT_TRUE(ParseCommandLine({"job", "submit", "café.csv"}).ok());
  EXPECT_TRUE(ParseCommandLine({"clean", name, "--local"}).ok());
}

TEST(ChainRequest, StatisticAndConstantsAreTheStages) {
  const auto command =
      Parsed<CleanCommand>({"clean", "in.csv", "--fill", "statistic", "--statistic", "mean",
                            "--fill-value", "country=none, given", "--fill-value", "n=a=b"});
  const auto spec = SpecOf(command.chain);
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto& complete = spec->stages(0).complete();
  EXPECT_EQ(complete.statistic(), dq::v1::STATISTIC_MEAN);
  ASSERT_EQ(complete.fill_values_size(), 2);
  EXPECT_EQ(complete.fill_values(0).column(), "country");
  EXPECT_EQ(complete.fill_values(0).value(), "none, given");
  EXPECT_EQ(complete.fill_values(1).value(), "a=b");
  ChainOptions broken;
  broken.fill_values = {"country"};
  EXPECT_EQ(ReasonOf(SpecOf(broken).status()), "USAGE");
}

TEST(ChainRequest, TheReferencesKeyHasAsManyColumnsAsTheKey) {
  ChainOptions options;
  options.reference_key = {"customer"};
  options.key = {"id"};
  EXPECT_EQ(ReasonOf(SpecOf(options).status()), "USAGE");
  options.reference = "master.csv";
  EXPECT_TRUE(SpecOf(options).ok());
  options.key = {"id", "country"};
  EXPECT_EQ(ReasonOf(SpecOf(options).status()), "USAGE");
}

TEST(ChainRequest, WhatBecomesOfDuplicatesIsTheStages) {
  ChainOptions options;
  options.match = "fuzzy";
  options.match_threshold = 0.9;
  options.duplicates = "keep";
  const auto spec = SpecOf(options);
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->stages(1).dedupe().match_threshold(), 0.9);
  EXPECT_EQ(spec->stages(1).dedupe().duplicates(), dq::v1::DUPLICATE_HANDLING_KEEP);
  options.stages = {"complete"};
  options.match.clear();
  EXPECT_EQ(ReasonOf(SpecOf(options).status()), "USAGE");
}

TEST(ChainRequest, TheDefaultChainCompletesThenDedupes) {
  const auto spec = SpecOf(ChainOptions());
  ASSERT_TRUE(spec.ok());
  ASSERT_EQ(spec->stages_size(), 2);
  EXPECT_TRUE(spec->stages(0).has_complete());
  EXPECT_TRUE(spec->stages(1).has_dedupe());
  EXPECT_FALSE(spec->has_gate());
}

TEST(ResourceName, TakesIdsAndNames) {
  EXPECT_EQ(ResourceName("p", "jobs", "j-1"), "projects/p/jobs/j-1");
  EXPECT_EQ(ResourceName("p", "jobs", "jobs/j-1"), "projects/p/jobs/j-1");
  EXPECT_EQ(ResourceName("p", "jobs", "projects/q/jobs/j-1"), "projects/q/jobs/j-1");
  EXPECT_TRUE(IsLocalPath("./missing.csv", "references"));
  EXPECT_FALSE(IsLocalPath("references/r-1", "references"));
  EXPECT_FALSE(IsLocalPath("r-1", "references"));
}

}  // namespace
}  // namespace dq::dqctl
