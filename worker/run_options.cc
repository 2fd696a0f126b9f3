#include "worker/run_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr char kFilesGroup[] = "Files";
constexpr char kCompleteGroup[] = "Stage complete: finds and fills missing values";
constexpr char kDedupeGroup[] = "Stage dedupe: removes duplicates";
constexpr char kFormGroup[] =
    "Form of the files (found out where not given; see dialect in the report)";
constexpr char kRunGroup[] = "How it runs";
constexpr int64_t kMemoryLimitBytesMax = int64_t{1} << 50;

constexpr char kDescription[] =
    R"(Cleans a table in a file on this machine: finds and fills missing values, removes duplicates.

Examples:
  dq-worker run --input customers.csv --output cleaned.csv --report report.json
  dq-worker run --input customers.csv --reference master.csv --key customer_id \
      --output cleaned.csv --report report.json --changes changes.csv --clusters clusters.csv
  dq-worker run --input log.tsv --chain dedupe --match exact --output unique.tsv --report r.json
  dq-worker run --input data.csv --output out.csv --report r.json --gate 'score>=90'
  dq-worker run --input export.txt --encoding windows-1252 --delimiter ';' --quote "'" \
      --comment '#' --skip-lines 3 --header --output out.csv --report r.json
  dq-worker run --input big.csv --output out.csv --report r.json --checkpoint-dir ck --resume

Outputs appear under their names when everything has succeeded, or not at all. Lists are separated
by commas and may be given again; an item with a comma is written as in a CSV file: 'a,"b,c"'.
)";

constexpr char kExitCodes[] =
    R"(Exit codes: 0 done, 1 error, 2 usage, 3 the data could not be processed, 5 gate failed,
6 cancelled, 75 stopped at a checkpoint (with --checkpoint-dir, by SIGTERM or SIGINT: the same
command with --resume goes on; 6 when there is none yet; a second signal cancels), 130 interrupted.
)";

absl::Status BadFlag(std::string_view flag, const std::string& what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD", std::string(flag) + " " + what,
                   {{"category", "configuration"}, {"field", std::string(flag)}});
}

// What flags say that is put together when all are known.
struct Draft {
  RunOptions options;
  CompleteOptions complete;
  DedupeOptions dedupe;
  std::vector<std::string> chain = {"complete", "dedupe"};
  std::vector<std::string> reference_key;
};

// Appends the items of a list: one CSV record. Says what is wrong with it, or "".
[[nodiscard]] std::string AppendItems(std::vector<std::string>& items, std::string_view text) {
  while (!text.empty()) {
    std::string item;
    const bool quoted = text.front() == '"';
    if (quoted) {
      size_t end = 1;
      for (; end < text.size(); ++end) {
        if (text[end] == '"' && !text.substr(end + 1).starts_with('"')) break;
        if (text[end] == '"') ++end;
        item += text[end];
      }
      if (end == text.size()) return "a list with a quote that is not closed: " + std::string(text);
      text.remove_prefix(end + 1);
      if (!text.empty() && text.front() != ',') return "text behind a quote: " + std::string(text);
    } else {
      item = text.substr(0, text.find(','));
      text.remove_prefix(item.size());
    }
    if (!item.empty()) items.push_back(std::move(item));
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  return "";
}

// Adds a flag whose text `set` takes; it says what is wrong with one.
CLI::Option* AddText(CLI::App& app, const std::string& flag, const std::string& type,
                     std::function<absl::Status(std::string_view)> set, const std::string& help) {
  return app
      .add_option_function<std::string>(
          flag,
          [flag, set = std::move(set)](const std::string& text) {
            const absl::Status status = set(text);
            if (status.ok()) return;
            const std::string message = MessageOf(status);
            throw CLI::ValidationError(message.starts_with(flag) ? message : flag + ": " + message);
          },
          help)
      ->type_name(type);
}

CLI::Option* AddList(CLI::App& app, const std::string& flag, const std::string& type,
                     std::vector<std::string>& items, const std::string& help) {
  return AddText(
             app, flag, type,
             [&items, flag](std::string_view text) {
               const std::string wrong = AppendItems(items, text);
               return wrong.empty() ? absl::OkStatus() : BadFlag(flag, wrong);
             },
             help)
      ->trigger_on_parse();
}

// Adds a flag that takes one of `names`, which are those of the values 0, 1, 2 ...
template <typename Enum, size_t n>
CLI::Option* AddChoice(CLI::App& app, const std::string& flag, Enum& value,
                       const std::array<const char*, n>& names, const std::string& help) {
  return app
      .add_option_function<std::string>(
          flag,
          [&value, names](const std::string& text) {
            value = static_cast<Enum>(std::find(names.begin(), names.end(), text) - names.begin());
          },
          help)
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())))
      ->type_name("");
}

void AddFiles(CLI::App& app, Draft& draft) {
  RunOptions& options = draft.options;
  const auto file = [&](const char* flag, std::string& path, const char* help) {
    return app.add_option(flag, path, help)->type_name("FILE")->group(kFilesGroup);
  };
  file("--input", options.input,
       "The file to clean: CSV, TSV, JSON Lines or the like, also packed with gzip or zstd")
      ->required();
  file(
      "--reference", options.reference,
      "A file of good values: what determines a column is learned there too; with --key cells are\n"
      "filled from the row with the same key");
  file("--output", options.output, "The cleaned file")->required();
  file("--report", options.report, "The quality report, JSON")->required();
  file("--changes", options.changes,
       "Every changed cell: row,column,before,after,method,confidence");
  file("--clusters", options.clusters,
       "Every record of a cluster of duplicates: row,cluster_id,kept,confidence; with --match "
       "fuzzy\n"
       "also explanation");
  file("--profile", options.profile,
       "All that was learned of every column, a line of JSON each; the report shows 200 at most");
  file("--keep-intermediate", options.intermediate,
       "The rows as complete has left them for the stages behind it, duplicates and all");
  file("--rejects", options.rejects,
       "Every row that could not be read: row,byte,reason,content (without this flag such rows go\n"
       "to OUTPUT.rejects.csv when there are any, else one of an earlier run is removed)");
}

// The column ends at the first "=".
absl::Status AddFillValue(CompleteOptions& complete, std::string_view text) {
  const size_t end = text.find('=');
  if (end == std::string_view::npos || end == 0) {
    return BadFlag("--fill-value", "takes COL=VALUE, not \"" + std::string(text) + "\"");
  }
  complete.fill_values.push_back(
      {std::string(text.substr(0, end)), std::string(text.substr(end + 1))});
  return absl::OkStatus();
}

void AddComplete(CLI::App& app, Draft& draft) {
  CompleteOptions& complete = draft.complete;
  AddList(app, "--key", "COL,..", complete.key_columns,
          "Columns that join the file with the reference")
      ->needs("--reference")
      ->group(kCompleteGroup);
  AddList(app, "--reference-key", "COL,..", draft.reference_key,
          "What these columns are called in the reference (default: the same)")
      ->needs("--key")
      ->group(kCompleteGroup);
  AddChoice(
      app, "--fill", complete.fill, kFillNames,
      "Where values come from: the reference by key; also columns that determine the missing\n"
      "one; also a statistic of the column (default dependency)")
      ->group(kCompleteGroup);
  AddChoice(app, "--statistic", complete.statistic, kStatisticNames,
            "Of number columns, with --fill statistic; other columns get their mode (default "
            "median)")
      ->group(kCompleteGroup);
  AddText(
      app, "--fill-value", "COL=VALUE",
      [&complete](std::string_view text) { return AddFillValue(complete, text); },
      "What cells of the column are filled with that nothing else fills; may be given again")
      ->trigger_on_parse()
      ->group(kCompleteGroup);
  AddChoice(
      app, "--detect", complete.detect, kDetectionNames,
      "Which cells count as missing besides empty ones: none, words for it such as N/A, also\n"
      "values that stand for it by evidence such as -1 or 9999 (default evidence)")
      ->group(kCompleteGroup);
  AddList(app, "--missing", "TOKEN,..", complete.missing_tokens,
          "Words that always mean \"no value\"")
      ->group(kCompleteGroup);
  AddList(app, "--not-missing", "TOKEN,..", complete.not_missing_tokens,
          "Words and values that are data here")
      ->group(kCompleteGroup);
  app.add_option("--min-confidence", complete.min_confidence,
                 "Fills below are not made; those by dependency never below 0.9")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->type_name("N")
      ->group(kCompleteGroup);
}

absl::Status SetSurvivor(DedupeOptions& dedupe, std::string_view text) {
  constexpr std::string_view kNewest = "newest:";
  dedupe.newest_column.clear();
  if (text == "first") {
    dedupe.survivor = SurvivorKind::kFirst;
  } else if (text == "most_complete") {
    dedupe.survivor = SurvivorKind::kMostComplete;
  } else if (text.starts_with(kNewest) && text.size() > kNewest.size()) {
    dedupe.survivor = SurvivorKind::kNewest;
    dedupe.newest_column = text.substr(kNewest.size());
  } else {
    return BadFlag("--survivor",
                   "takes first, most_complete or newest:COL, not \"" + std::string(text) + "\"");
  }
  return absl::OkStatus();
}

void AddDedupe(CLI::App& app, Draft& draft) {
  DedupeOptions& dedupe = draft.dedupe;
  AddChoice(
      app, "--match", dedupe.match, kMatchNames,
      "Which records are duplicates: fuzzy also finds those that are probably the same: typos,\n"
      "swapped or missing cells (default normalised)")
      ->group(kDedupeGroup);
  AddText(
      app, "--survivor", "WHICH",
      [&dedupe](std::string_view text) { return SetSurvivor(dedupe, text); },
      "The record of a cluster that stays: first, most_complete, newest:COL (default first)")
      ->group(kDedupeGroup);
  app.add_flag("--merge", dedupe.merge,
               "Empty cells of that record are filled from the others of its cluster")
      ->group(kDedupeGroup);
  app.add_option("--match-threshold", dedupe.match_threshold,
                 "How likely two records must be the same, with --match fuzzy")
      ->check(CLI::Range(kMatchThresholdMin, kMatchThresholdMax))
      ->capture_default_str()
      ->type_name("P")
      ->group(kDedupeGroup);
  AddChoice(app, "--duplicates", dedupe.duplicates, kDuplicatesNames,
            "remove, or keep: all rows stay, --clusters and --report tell of them (default remove)")
      ->group(kDedupeGroup);
  AddList(app, "--dedupe-columns", "COL,..", dedupe.columns,
          "Columns that are compared (default all)")
      ->group(kDedupeGroup);
}

// A part of FormChoice: "--skip-lines" sets "skip_lines" and so on.
void AddFormPart(CLI::App& app, FormChoice& form, const std::string& flag, const std::string& type,
                 const std::string& help) {
  std::string part = flag.substr(2);
  std::replace(part.begin(), part.end(), '-', '_');
  AddText(
      app, flag, type, [&form, part](std::string_view text) { return SetForm(part, text, form); },
      help)
      ->group(kFormGroup);
}

void AddForm(CLI::App& app, Draft& draft) {
  FormChoice& form = draft.options.spec.form;
  AddFormPart(app, form, "--format", "F", "csv, tsv or jsonl: the input's");
  AddFormPart(app, form, "--encoding", "E", "utf-8, utf-16le, utf-16be, latin-1 or windows-1252");
  AddFormPart(app, form, "--delimiter", "C",
              "One ASCII character, or tab, space, comma, semicolon, bar");
  AddFormPart(app, form, "--quote", "C", "One character, or none");
  AddFormPart(app, form, "--escape", "C", "One character, or none");
  AddFormPart(app, form, "--comment", "C", "What lines without data begin with; or none");
  AddFormPart(app, form, "--skip-space", "yes|no",
              "Whether white space behind delimiters and around quotes is no data");
  AddFormPart(app, form, "--line-end", "E", "lf, crlf or cr");
  AddFormPart(app, form, "--skip-lines", "N", "Lines before the table");
  const auto set_header = [&form](const char* text) {
    return [&form, text] { (void)SetForm("header", text, form); };
  };
  app.add_flag_callback("--header", set_header("yes"),
                        "The first row holds the names of the columns")
      ->group(kFormGroup);
  app.add_flag_callback("--no-header", set_header("no"), "The first row is data")
      ->excludes("--header")
      ->group(kFormGroup);
  AddFormPart(app, form, "--on-bad-row", "WHAT",
              "reject, fail or pad: what happens to a row that cannot be read (default reject)");
  AddFormPart(
      app, form, "--output-format", "F",
      "same, csv, tsv or jsonl (default same: as the input, in UTF-8). In jsonl a column of CSV\n"
      "is written as numbers where complete has seen nothing else in it, else as text");
  AddFormPart(app, form, "--output-compression", "HOW",
              "none, gzip or zstd (default by the name: .gz, .zst)");
  app.add_flag_callback(
         "--formula-guard", [&form] { form.output.formula_guard = FormulaGuard::kOn; },
         "In CSV and TSV outputs an apostrophe before cells that a spreadsheet would take for\n"
         "formulas")
      ->group(kFormGroup);
}

absl::Status SetInterval(RunOptions& options, std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  const int64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || factor == 0 || error != std::errc() || number > 1'000'000) {
    return BadFlag("--checkpoint-interval",
                   "takes a time such as 30s, not \"" + std::string(text) + "\"");
  }
  options.checkpoint_interval = std::chrono::milliseconds(number * factor);
  return absl::OkStatus();
}

void AddRun(CLI::App& app, Draft& draft) {
  RunOptions& options = draft.options;
  app.add_option("--chain", draft.chain,
                 "Stages in order, each at most once (default complete,dedupe)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("STAGE,..")
      ->group(kRunGroup);
  AddText(
      app, "--gate", "CONDITIONS",
      [&options](std::string_view text) -> absl::Status {
        DQ_ASSIGN_OR_RETURN(options.spec.gate, ParseGate(text));
        return absl::OkStatus();
      },
      "Exit with 5 unless they hold: 'score>=90', 'duplicates<=0.1', 'schema'")
      ->group(kRunGroup);
  app.add_option("--memory-limit", options.spec.memory_limit_bytes,
                 "For what grows with the data, from 16MiB on (default 512MiB)")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false).description(""))
      ->check(CLI::Range(kMemoryLimitBytesMin, kMemoryLimitBytesMax).description(""))
      ->type_name("SIZE")
      ->group(kRunGroup);
  app.add_option("--temp-dir", options.temp_dir,
                 "For what does not fit in memory (default: the folder of the output)")
      ->type_name("DIR")
      ->group(kRunGroup);
  app.add_option("--threads", options.spec.threads,
                 "That work at a time (default: the processors there are); never changes a result")
      ->check(CLI::Range(1, kThreadsMax))
      ->group(kRunGroup);
  app.add_option(
         "--checkpoint-dir", options.checkpoint_dir,
         "Keeps checkpoints in this folder, and the unfinished outputs beside the outputs, so\n"
         "that an interrupted run can go on; made when it is not there")
      ->type_name("DIR")
      ->group(kRunGroup);
  AddText(
      app, "--checkpoint-interval", "TIME",
      [&options](std::string_view text) { return SetInterval(options, text); },
      "At least so long between two, for example 500ms, 5m (default 30s)")
      ->group(kRunGroup);
  app.add_flag(
         "--resume", options.resume,
         "Goes on from the newest checkpoint; starts over, and says why, when there is none or\n"
         "the input, the reference, the options or dq changed")
      ->needs("--checkpoint-dir")
      ->group(kRunGroup);
  AddChoice(app, "--progress", options.progress, kProgressNames,
            "How progress is shown on standard error (default text)")
      ->group(kRunGroup);
}

std::unique_ptr<CLI::App> MakeApp(Draft& draft) {
  auto app = std::make_unique<CLI::App>(kDescription, "dq-worker run");
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app->get_formatter()->column_width(30);
  app->footer(kExitCodes);
  AddFiles(*app, draft);
  AddComplete(*app, draft);
  AddDedupe(*app, draft);
  AddForm(*app, draft);
  AddRun(*app, draft);
  return app;
}

// The name of the output says whether it is packed, unless a flag does.
Compression CompressionOf(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::kGzip;
  return path.ends_with(".zst") ? Compression::kZstd : Compression::kNone;
}

// Refuses options of a stage that the chain does not have.
absl::Status CheckGroup(const CLI::App& app, std::string_view group, std::string_view stage) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() != group || option->count() == 0) continue;
    return BadFlag(option->get_name(),
                   "is an option of the stage " + std::string(stage) + ", which is not in --chain");
  }
  return absl::OkStatus();
}

absl::StatusOr<RunOptions> Finish(const CLI::App& app, Draft draft) {
  RunOptions& options = draft.options;
  draft.complete.keep_intermediate = !options.intermediate.empty();
  for (const std::string& name : draft.chain) {
    DQ_ASSIGN_OR_RETURN(StageSpec stage, DefaultStage(name));
    if (std::holds_alternative<CompleteOptions>(stage)) {
      stage = draft.complete;
    } else {
      stage = draft.dedupe;
    }
    options.spec.stages.push_back(std::move(stage));
  }
  DQ_RETURN_IF_ERROR(CheckStages(options.spec.stages));
  const bool completes = HasStage<CompleteOptions>(options.spec);
  if (!completes) DQ_RETURN_IF_ERROR(CheckGroup(app, kCompleteGroup, "complete"));
  if (!HasStage<DedupeOptions>(options.spec)) {
    DQ_RETURN_IF_ERROR(CheckGroup(app, kDedupeGroup, "dedupe"));
  }
  for (const char* const flag : {"--profile", "--keep-intermediate"}) {
    if (completes || app.count(flag) == 0) continue;
    return BadFlag(flag, "is of the stage complete, which is not in --chain");
  }
  if (!completes && !options.reference.empty()) {
    return BadFlag("--reference", "is for the stage complete, which is not in --chain");
  }
  const auto& keys = draft.reference_key.empty() ? draft.complete.key_columns : draft.reference_key;
  if (keys.size() != draft.complete.key_columns.size()) {
    return BadFlag("--reference-key", "needs as many columns as --key");
  }
  options.spec.reference_key_columns = keys;
  if (app.count("--output-compression") == 0) {
    options.spec.form.output.compression = CompressionOf(options.output);
  }
  DQ_RETURN_IF_ERROR(CheckForm(options.spec.form));
  options.spec.display_name = options.input.substr(options.input.find_last_of('/') + 1);
  return std::move(options);
}

}  // namespace

std::string RunHelp() {
  Draft draft;
  return MakeApp(draft)->help();
}

absl::StatusOr<RunOptions> ParseRunOptions(std::span<char* const> arguments) {
  Draft draft;
  draft.options.spec.threads =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kThreadsMax);
  const auto app = MakeApp(draft);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app->parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                     std::string(error.what()) + "; see dq-worker run --help",
                     {{"category", "configuration"}});
  }
  return Finish(*app, std::move(draft));
}

}  // namespace dq
