#include "worker/run_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr std::string_view kHelp =
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

Files:
  --input FILE          the file to clean: CSV, TSV, JSON Lines or the like, also packed with gzip
                        or zstd
  --reference FILE      a file of good values; needs --key to fill from it
  --output FILE         the cleaned file
  --report FILE         the quality report, JSON
  --changes FILE        every changed cell: row,column,before,after,method,confidence
  --clusters FILE       every record of a cluster of duplicates: row,cluster_id,kept,confidence
  --rejects FILE        every row that could not be read: row,byte,reason,content
                        (without this flag such rows go to OUTPUT.rejects.csv when there are any)
  Outputs appear under their names when everything has succeeded, or not at all.

What is done:
  --chain LIST          stages in order (default complete,dedupe)
  --key COL,..          columns that join the file with the reference
  --fill HOW            none | reference | dependency | statistic (default dependency)
  --detect HOW          none | vocabulary | evidence (default evidence): which cells count as
                        missing besides empty ones: none, words for it such as N/A, also values
                        that stand for it by evidence such as -1 or 9999
  --missing TOKEN,..    words that always mean "no value"; repeatable
  --not-missing TOKEN,..  words and values that are data here; repeatable
  --min-confidence N    fills below are not made, 0 to 1 (default 0.5)
  --match HOW           exact | normalised | fuzzy (default normalised); fuzzy also finds records
                        that are probably the same: typos, swapped or missing cells
  --survivor WHICH      first | most_complete | newest:COL, the record of a cluster that stays
                        (default first)
  --merge               empty cells of that record are filled from the others of its cluster
  --dedupe-columns COL,..  columns that are compared (default all)
  --on-bad-row HOW      reject | fail | pad (default reject)
  --gate CONDITIONS     exit with 5 unless they hold: 'score>=90', 'duplicates<=0.1', 'schema'

The form of the files (found out where not given; see dialect{} in the report):
  --format F            csv | tsv | jsonl: the input's
  --encoding E          utf-8 | utf-16le | utf-16be | latin-1 | windows-1252
  --delimiter C         one ASCII character, or tab, space, comma, semicolon, bar
  --quote C             one character or none; so --escape C, --comment C
  --skip-space yes|no   whether white space behind delimiters and around quotes is no data
  --line-end E          lf | crlf | cr
  --skip-lines N        lines before the table
  --header, --no-header whether the first row holds the names of the columns
  --output-format F     same | csv | tsv | jsonl (default same: as the input, in UTF-8)
  --output-compression HOW  none | gzip | zstd (default by the name: .gz, .zst)
  --formula-guard       an apostrophe before cells that a spreadsheet would take for formulas

How:
  --memory-limit SIZE   for what grows with the data, for example 512MiB (default)
  --temp-dir DIR        for what does not fit in memory (default: the folder of the output)
  --threads N           1 to 256 (default: the processors there are); never changes a result
  --checkpoint-dir DIR  keeps checkpoints in this folder, and the unfinished outputs beside the
                        outputs, so that an interrupted run can go on; made when it is not there
  --checkpoint-interval TIME  at least so long between two, for example 30s (default), 500ms, 5m
  --resume              goes on from the newest checkpoint in DIR; starts over, and says why, when
                        there is none or the input, the reference, the options or dq changed
  --progress STYLE      text | json | none, on standard error (default text)

Exit codes: 0 done, 1 error, 2 usage, 3 the data could not be processed, 5 gate failed,
6 cancelled, 75 stopped at a checkpoint (with --checkpoint-dir, by SIGTERM or SIGINT: the same
command with --resume goes on; 6 when there is none yet; a second signal cancels), 130 interrupted.
)";

absl::Status BadFlag(std::string_view flag, const std::string& what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD", std::string(flag) + " " + what,
                   {{"category", "configuration"}, {"field", std::string(flag)}});
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  for (;;) {
    const size_t comma = text.find(',');
    if (const auto item = text.substr(0, comma); !item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

absl::StatusOr<double> ParseNumber(std::string_view flag, std::string_view text, double max) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0 && number <= max)) {
    return BadFlag(flag, "takes a number from 0 to " + std::to_string(static_cast<int>(max)) +
                             ", not \"" + std::string(text) + "\"");
  }
  return number;
}

template <typename Enum>
absl::StatusOr<Enum> ParseChoice(std::string_view flag, std::string_view text,
                                 const std::vector<std::string_view>& names) {
  std::string all;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
    all += (i > 0 ? ", " : "") + std::string(names[i]);
  }
  return BadFlag(flag, "takes one of " + all + ", not \"" + std::string(text) + "\"");
}

// Collects the flags; the chain is put together when all are known.
struct Draft {
  RunOptions options;
  CompleteOptions complete;
  DedupeOptions dedupe;
  std::vector<std::string> chain = {"complete", "dedupe"};
};

using Setter = std::function<absl::Status(Draft&, std::string_view)>;

Setter Text(std::string RunOptions::*field) {
  return [field](Draft& draft, std::string_view text) {
    draft.options.*field = text;
    return absl::OkStatus();
  };
}

template <typename Options>
Setter List(Options Draft::*part, std::vector<std::string> Options::*field) {
  return [part, field](Draft& draft, std::string_view text) {
    for (std::string& item : SplitList(text)) (draft.*part.*field).push_back(std::move(item));
    return absl::OkStatus();
  };
}

template <typename Part, typename Enum>
Setter Choice(std::string_view flag, Part Draft::*part, Enum Part::*field,
              std::vector<std::string_view> names) {
  return [=](Draft& draft, std::string_view text) -> absl::Status {
    DQ_ASSIGN_OR_RETURN(draft.*part.*field, ParseChoice<Enum>(flag, text, names));
    return absl::OkStatus();
  };
}

absl::Status SetChain(Draft& draft, std::string_view text) {
  draft.chain = SplitList(text);
  if (draft.chain.empty() || draft.chain.size() > kChainStagesMax) {
    return BadFlag("--chain", "takes 1 to 16 stages");
  }
  return absl::OkStatus();
}

absl::Status SetSurvivor(Draft& draft, std::string_view text) {
  constexpr std::string_view kNewest = "newest:";
  if (text.starts_with(kNewest) && text.size() > kNewest.size()) {
    draft.dedupe.survivor = SurvivorKind::kNewest;
    draft.dedupe.newest_column = text.substr(kNewest.size());
    return absl::OkStatus();
  }
  draft.dedupe.newest_column.clear();
  absl::StatusOr<SurvivorKind> kind =
      ParseChoice<SurvivorKind>("--survivor", text, {"first", "most_complete"});
  if (!kind.ok()) {
    return BadFlag("--survivor",
                   "takes first, most_complete or newest:COL, not \"" + std::string(text) + "\"");
  }
  draft.dedupe.survivor = *kind;
  return absl::OkStatus();
}

absl::Status SetMemoryLimit(Draft& draft, std::string_view text) {
  DQ_ASSIGN_OR_RETURN(draft.options.spec.memory_limit_bytes, ParseBytes(text));
  if (draft.options.spec.memory_limit_bytes < kMemoryLimitBytesMin) {
    return BadFlag("--memory-limit", "needs at least 16MiB");
  }
  return absl::OkStatus();
}

// "30s", "500ms", "5m".
absl::Status SetInterval(Draft& draft, std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  const int64_t factor = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || factor == 0 || error != std::errc() || number > 1'000'000) {
    return BadFlag("--checkpoint-interval",
                   "takes a time such as 30s, not \"" + std::string(text) + "\"");
  }
  draft.options.checkpoint_interval = std::chrono::milliseconds(number * factor);
  return absl::OkStatus();
}

absl::Status SetThreads(Draft& draft, std::string_view text) {
  DQ_ASSIGN_OR_RETURN(const double threads, ParseNumber("--threads", text, 256));
  if (threads < 1 || threads != std::floor(threads)) {
    return BadFlag("--threads", "takes a whole number from 1 to 256");
  }
  draft.options.spec.threads = static_cast<int>(threads);
  return absl::OkStatus();
}

std::map<std::string, Setter, std::less<>> FileSetters() {
  return {{"--input", Text(&RunOptions::input)},
          {"--reference", Text(&RunOptions::reference)},
          {"--output", Text(&RunOptions::output)},
          {"--report", Text(&RunOptions::report)},
          {"--changes", Text(&RunOptions::changes)},
          {"--clusters", Text(&RunOptions::clusters)},
          {"--rejects", Text(&RunOptions::rejects)},
          {"--temp-dir", Text(&RunOptions::temp_dir)},
          {"--checkpoint-dir", Text(&RunOptions::checkpoint_dir)}};
}

// "--skip-lines" sets "skip_lines" and so on.
Setter Form(std::string_view flag) {
  return [flag](Draft& draft, std::string_view text) {
    std::string name(flag.substr(2));
    std::replace(name.begin(), name.end(), '-', '_');
    const absl::Status set = SetForm(name, text, draft.options.spec.form);
    if (set.ok()) return set;
    const std::string message = MessageOf(set);
    return BadFlag(flag, message.substr(std::min(message.size(), message.find(' ') + 1)));
  };
}

// Flags that take no value.
std::map<std::string, Setter, std::less<>> Switches() {
  const auto form = [](const char* name, const char* text) -> Setter {
    return [name, text](Draft& draft, std::string_view) {
      return SetForm(name, text, draft.options.spec.form);
    };
  };
  return {{"--header", form("header", "yes")},
          {"--no-header", form("header", "no")},
          {"--formula-guard", form("formula_guard", "yes")},
          {"--resume",
           [](Draft& draft, std::string_view) -> absl::Status {
             draft.options.resume = true;
             return absl::OkStatus();
           }},
          {"--merge", [](Draft& draft, std::string_view) -> absl::Status {
             draft.dedupe.merge = true;
             return absl::OkStatus();
           }}};
}

std::map<std::string, Setter, std::less<>> Setters() {
  std::map<std::string, Setter, std::less<>> setters = FileSetters();
  for (const char* flag :
       {"--format", "--encoding", "--delimiter", "--quote", "--escape", "--comment", "--skip-space",
        "--line-end", "--skip-lines", "--output-format", "--output-compression"}) {
    setters[flag] = Form(flag);
  }
  setters["--chain"] = SetChain;
  setters["--key"] = List(&Draft::complete, &CompleteOptions::key_columns);
  setters["--missing"] = List(&Draft::complete, &CompleteOptions::missing_tokens);
  setters["--not-missing"] = List(&Draft::complete, &CompleteOptions::not_missing_tokens);
  setters["--dedupe-columns"] = List(&Draft::dedupe, &DedupeOptions::columns);
  setters["--fill"] = Choice("--fill", &Draft::complete, &CompleteOptions::fill,
                             {"none", "reference", "dependency", "statistic"});
  setters["--detect"] = Choice("--detect", &Draft::complete, &CompleteOptions::detect,
                               {"none", "vocabulary", "evidence"});
  setters["--match"] =
      Choice("--match", &Draft::dedupe, &DedupeOptions::match, {"exact", "normalised", "fuzzy"});
  setters["--survivor"] = SetSurvivor;
  setters["--progress"] =
      Choice("--progress", &Draft::options, &RunOptions::progress, {"none", "text", "json"});
  setters["--on-bad-row"] = [](Draft& draft, std::string_view text) -> absl::Status {
    DQ_ASSIGN_OR_RETURN(draft.options.spec.on_bad_row,
                        ParseChoice<BadRowPolicy>("--on-bad-row", text, {"reject", "fail", "pad"}));
    return absl::OkStatus();
  };
  setters["--min-confidence"] = [](Draft& draft, std::string_view text) -> absl::Status {
    DQ_ASSIGN_OR_RETURN(draft.complete.min_confidence, ParseNumber("--min-confidence", text, 1));
    return absl::OkStatus();
  };
  setters["--gate"] = [](Draft& draft, std::string_view text) -> absl::Status {
    DQ_ASSIGN_OR_RETURN(draft.options.spec.gate, ParseGate(text));
    return absl::OkStatus();
  };
  setters["--memory-limit"] = SetMemoryLimit;
  setters["--threads"] = SetThreads;
  setters["--checkpoint-interval"] = SetInterval;
  return setters;
}

absl::StatusOr<RunOptions> Finish(Draft draft) {
  RunOptions& options = draft.options;
  if (options.input.empty()) return BadFlag("--input", "is needed: the file to clean");
  if (options.output.empty()) return BadFlag("--output", "is needed: where the cleaned file goes");
  if (options.report.empty()) return BadFlag("--report", "is needed: where the report goes");
  if (options.resume && options.checkpoint_dir.empty()) {
    return BadFlag("--resume", "needs --checkpoint-dir, where the checkpoints are");
  }
  for (const std::string& name : draft.chain) {
    DQ_ASSIGN_OR_RETURN(StageSpec stage, DefaultStage(name));
    if (std::holds_alternative<CompleteOptions>(stage)) {
      stage = draft.complete;
    } else {
      stage = draft.dedupe;
    }
    options.spec.stages.push_back(std::move(stage));
  }
  options.spec.reference_key_columns = draft.complete.key_columns;
  const size_t slash = options.input.find_last_of('/');
  options.spec.display_name =
      slash == std::string::npos ? options.input : options.input.substr(slash + 1);
  return std::move(options);
}

}  // namespace

std::string_view RunHelp() { return kHelp; }

namespace {

// The name of the output says whether it is packed, unless a flag does.
Compression CompressionOf(std::string_view path) {
  if (path.ends_with(".gz")) return Compression::kGzip;
  return path.ends_with(".zst") ? Compression::kZstd : Compression::kNone;
}

}  // namespace

absl::StatusOr<RunOptions> ParseRunOptions(std::span<char* const> arguments) {
  const auto setters = Setters();
  const auto switches = Switches();
  bool packing_given = false;
  Draft draft;
  draft.options.spec.threads =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kThreadsMax);
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view flag = arguments[i];
    std::string_view value;
    const size_t equals = flag.find('=');
    const bool joined = flag.starts_with("--") && equals != std::string_view::npos;
    if (joined) {
      value = flag.substr(equals + 1);
      flag = flag.substr(0, equals);
    }
    if (const auto found = switches.find(flag); found != switches.end() && !joined) {
      DQ_RETURN_IF_ERROR(found->second(draft, ""));
      continue;
    }
    const auto setter = setters.find(flag);
    if (setter == setters.end()) return BadFlag(flag, "is no flag of dq-worker run; see --help");
    if (!joined) {
      if (++i == arguments.size()) return BadFlag(flag, "needs a value");
      value = arguments[i];
    }
    packing_given |= flag == "--output-compression";
    DQ_RETURN_IF_ERROR(setter->second(draft, value));
  }
  Compression& compression = draft.options.spec.form.output.compression;
  if (!packing_given) compression = CompressionOf(draft.options.output);
  DQ_RETURN_IF_ERROR(CheckForm(draft.options.spec.form));
  return Finish(std::move(draft));
}

absl::StatusOr<ChainGate> ParseGate(std::string_view text) {
  ChainGate gate;
  std::string joined(text);
  for (size_t at = joined.find(" and "); at != std::string::npos; at = joined.find(" and ")) {
    joined.replace(at, 5, ",");
  }
  std::erase(joined, ' ');
  const std::vector<std::string> conditions = SplitList(joined);
  if (conditions.empty()) return BadFlag("--gate", "needs a condition, for example score>=90");
  for (const std::string_view condition : conditions) {
    if (condition.starts_with("score>=")) {
      DQ_ASSIGN_OR_RETURN(gate.min_score, ParseNumber("--gate", condition.substr(7), 100));
    } else if (condition.starts_with("duplicates<=")) {
      DQ_ASSIGN_OR_RETURN(gate.max_duplicate_ratio, ParseNumber("--gate", condition.substr(12), 1));
    } else if (condition == "schema") {
      gate.fail_on_schema_mismatch = true;
    } else {
      return BadFlag("--gate", "knows score>=N, duplicates<=SHARE and schema, not \"" +
                                   std::string(condition) + "\"");
    }
  }
  return gate;
}

absl::StatusOr<int64_t> ParseBytes(std::string_view text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  int shift = -1;
  if (unit.empty() || unit == "B") shift = 0;
  if (unit == "K" || unit == "KiB") shift = 10;
  if (unit == "M" || unit == "MiB") shift = 20;
  if (unit == "G" || unit == "GiB") shift = 30;
  if (error != std::errc() || shift < 0 || number < 0 || number > int64_t{1} << 20) {
    if (error != std::errc() || shift != 0 || number < 0) {
      return BadFlag("--memory-limit",
                     "takes a size such as 512MiB, not \"" + std::string(text) + "\"");
    }
  }
  return number << shift;
}

}  // namespace dq
