#include "scheduler/dqctl/option_parts.h"

#include <map>
#include <vector>

#include "absl/time/clock.h"
#include "scheduler/dqctl/form_options.h"

namespace dq::dqctl {
namespace {

const std::map<std::string, OutputFormat> kFormats = {{"table", OutputFormat::kTable},
                                                      {"json", OutputFormat::kJson},
                                                      {"ndjson", OutputFormat::kNdjson}};

}  // namespace

std::string ExamplesFirst::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const {
  const std::string examples = app->get_footer();
  const std::string rest = CLI::Formatter::make_help(app, std::move(name), mode);
  return examples.empty() ? rest : "Examples:\n" + examples + "\n" + rest;
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
  app.add_option(flags, format,
                 "How to print: table, json or ndjson. Both are proto JSON, so 64-bit numbers, "
                 "counts among them, are strings")
      ->transform(
          CLI::CheckedTransformer(kFormats, CLI::ignore_case).description("{table,json,ndjson}"))
      ->default_str("table");
}

void AddDelete(CLI::App& group, CommandLine& line, DeleteCommand::Kind kind,
               const std::string& description) {
  const std::string noun = group.get_name();
  const std::string example = "  dqctl " + noun + " delete " + noun.front() + "-0123";
  const bool has_files = kind != DeleteCommand::Kind::kFile;
  const auto [app, command] = AddCommand<DeleteCommand>(
      group, line, "delete", description,
      has_files ? example + " --reason 'not wanted any more' --with-input\n" : example + "\n");
  command->kind = kind;
  app->add_option(absl::AsciiStrToUpper(noun), command->names, "Ids or resource names")->required();
  if (has_files) {
    app->add_option("--reason", command->reason, "Why, for the audit");
    app->add_flag("--with-input", command->with_input,
                  "Delete the uploads it read, too, that nothing else needs");
  }
  AddFormat(*app, command->format);
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

void AddNoProgressTimeout(CLI::App& app, absl::Duration& value) {
  const std::string flag = "--no-progress-timeout";
  AddDuration(app, flag, value,
              "The longest an attempt may report no progress; at least 10s, since workers report "
              "every 3s");
  app.get_option(flag)->check([](const std::string& text) {
    constexpr absl::Duration kLeast = absl::Seconds(10);
    absl::Duration given;
    const bool is_too_short = absl::ParseDuration(text, &given) && given < kLeast;
    return is_too_short ? "at least 10s, since workers report every 3s, not " + text : "";
  });
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

namespace {

void AddLabels(CLI::App& app, std::map<std::string, std::string>& labels) {
  app.add_option_function<std::vector<std::string>>(
         "--label",
         [&labels](const std::vector<std::string>& pairs) {
           for (const std::string& pair : pairs) {
             const size_t equals = pair.find('=');
             if (equals == std::string::npos || equals == 0) {
               throw CLI::ValidationError("--label", "KEY=VALUE, not " + pair);
             }
             labels[pair.substr(0, equals)] = pair.substr(equals + 1);
           }
         },
         "A label; may be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

}  // namespace

void AddCreation(CLI::App& app, const std::string& noun, CreationOptions& creation) {
  app.add_option("--request-id", creation.request_id,
                 "The same one again answers the same " + noun + " (default: random)");
  app.add_option("--display-name", creation.display_name, "A label for people");
  app.add_option("--queue", creation.queue, "The queue (default \"default\")");
  app.add_option("--priority", creation.priority, "Higher is sooner")
      ->check(CLI::Range(-100, 100))
      ->capture_default_str();
  app.add_option("--max-attempts", creation.attempts_max,
                 "Attempts of a job that may fail or be lost (default 3)")
      ->check(CLI::Range(1, 100));
  AddLabels(app, creation.labels);
}

void AddLimit(CLI::App& app, int& limit) {
  app.add_option("--limit", limit, "At most so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

namespace {

void AddReferenceOptions(CLI::App& app, ChainOptions& chain) {
  CLI::Option* reference =
      app.add_option("--reference", chain.reference,
                     "Reference file to compare with and fill from: a path, or one the scheduler "
                     "has (default: the project's active one)");
  app.add_flag("--no-reference", chain.no_reference, "Take no reference, not even the active one")
      ->excludes(reference);
  app.add_option("--key", chain.key, "Columns that join the file with the reference")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COL,..");
  app.add_option("--reference-key", chain.reference_key,
                 "What the reference calls these columns (default: the same)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COL,..");
}

void AddComplete(CLI::App& app, ChainOptions& chain) {
  app.add_option("--fill", chain.fill, "What to do with missing cells (default dependency)")
      ->check(CLI::IsMember({"none", "reference", "dependency", "statistic"}));
  app.add_option("--statistic", chain.statistic,
                 "Of number columns, with --fill statistic; others get their mode (default median)")
      ->check(CLI::IsMember({"median", "mean", "mode"}));
  app.add_option("--fill-value", chain.fill_values,
                 "What cells of the column are filled with that nothing else fills")
      ->allow_extra_args(false)
      ->type_name("COL=VALUE");
  app.add_option("--min-confidence", chain.min_confidence,
                 "Fill nothing that is less certain (default 0.5; dependencies 0.9)")
      ->check(CLI::Range(0.01, 1.0))
      ->type_name("P");
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
}

void AddDedupe(CLI::App& app, ChainOptions& chain) {
  app.add_option("--dedupe-columns", chain.dedupe_columns,
                 "Columns that make records duplicates (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COL,..");
  app.add_option("--match", chain.match, "Which records are duplicates (default normalised)")
      ->check(CLI::IsMember({"exact", "normalised", "fuzzy"}));
  app.add_option(
         "--survivor", chain.survivor,
         "Which record of a cluster stays: first, most_complete, newest:COL (default first)")
      ->type_name("WHICH");
  app.add_flag("--merge", chain.merge,
               "Fill empty cells of that record from the others of its cluster");
  app.add_option("--match-threshold", chain.match_threshold,
                 "How likely two records must be the same, with --match fuzzy (default 0.5)")
      ->check(CLI::Range(0.01, 0.999999))
      ->type_name("P");
  app.add_option("--duplicates", chain.duplicates,
                 "Whether they leave the file or are only told of (default remove)")
      ->check(CLI::IsMember({"remove", "keep"}));
}

}  // namespace

void AddChain(CLI::App& app, ChainOptions& chain) {
  AddReferenceOptions(app, chain);
  app.add_option("--chain", chain.stages, "Stages, in order (default complete,dedupe)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("STAGE,..");
  AddComplete(app, chain);
  AddDedupe(app, chain);
  app.add_option("--gate", chain.gate,
                 "When the data counts as good: 'score>=90', 'duplicates<=0.1', 'schema'")
      ->allow_extra_args(false)
      ->type_name("CONDITION");
  app.add_flag("--use-cached-result", chain.use_cached_result,
               "Take the result of an earlier job over the same bytes with the same options, if "
               "there is one");
  AddFormOptions(app, chain.form);
}

}  // namespace dq::dqctl
