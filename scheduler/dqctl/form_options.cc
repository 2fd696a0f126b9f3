#include "scheduler/dqctl/form_options.h"

#include <algorithm>
#include <utility>

namespace dq::dqctl {
namespace {

constexpr char kGroup[] = "Form of the files (found out where not given)";

// Whether `text` is one ASCII character that can stand in a line, or a word for one.
bool IsCharacter(const std::string& text) {
  for (const char* const word : {"tab", "\\t", "space", "comma", "semicolon", "bar"}) {
    if (text == word) return true;
  }
  const bool ascii = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80;
  return ascii && text[0] != '\0' && text[0] != '\r' && text[0] != '\n';
}

CLI::Option* AddPart(CLI::App& app, FileFormTexts& form, const char* flag, const char* part,
                     const std::string& help) {
  return app
      .add_option_function<std::string>(
          flag, [&form, part](const std::string& text) { form[part] = text; }, help)
      ->group(kGroup);
}

void AddWord(CLI::App& app, FileFormTexts& form, const char* flag, const char* part,
             const std::string& help, const std::vector<std::string>& words) {
  AddPart(app, form, flag, part, help)->check(CLI::IsMember(words));
}

void AddCharacter(CLI::App& app, FileFormTexts& form, const char* flag, const char* part,
                  const std::string& help) {
  const bool may_be_none = std::string(part) != "delimiter";
  AddPart(app, form, flag, part, help)
      ->type_name("CHAR")
      ->check(
          [may_be_none](const std::string& text) -> std::string {
            if (IsCharacter(text) || (may_be_none && text == "none")) return "";
            return "one ASCII character, or tab, space, comma, semicolon, bar" +
                   std::string(may_be_none ? ", none" : "") + ", not \"" + text + "\"";
          },
          "");
}

void AddSwitch(CLI::App& app, FileFormTexts& form, const char* flag,
               const std::pair<const char*, const char*>& setting, const std::string& help) {
  app.add_flag_callback(
         flag, [&form, setting] { form[setting.first] = setting.second; }, help)
      ->group(kGroup);
}

}  // namespace

void AddFormOptions(CLI::App& app, FileFormTexts& form) {
  AddWord(app, form, "--format", "format", "The input's format", {"auto", "csv", "tsv", "jsonl"});
  AddWord(app, form, "--encoding", "encoding", "The input's encoding",
          {"auto", "utf-8", "utf-16le", "utf-16be", "latin-1", "windows-1252"});
  AddCharacter(app, form, "--delimiter", "delimiter",
               "Between cells: one character, or tab, space, comma, semicolon, bar");
  AddCharacter(app, form, "--quote", "quote", "Around cells: one character, or none");
  AddCharacter(app, form, "--escape", "escape", "Before a quote in a cell: one character, or none");
  AddCharacter(app, form, "--comment", "comment", "Begins lines without data; or none");
  AddWord(app, form, "--skip-space", "skip_space",
          "Whether white space behind delimiters and around quotes is no data", {"yes", "no"});
  AddWord(app, form, "--line-end", "line_end", "What ends a line", {"lf", "crlf", "cr"});
  AddPart(app, form, "--skip-lines", "skip_lines", "Lines before the table")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000));
  AddSwitch(app, form, "--header", {"header", "yes"}, "The first row holds the columns' names");
  AddSwitch(app, form, "--no-header", {"header", "no"}, "The first row is data");
  app.get_option("--no-header")->excludes("--header");
  AddWord(app, form, "--on-bad-row", "on_bad_row",
          "What happens to a row that cannot be read (default reject: left out, to the rejects)",
          {"reject", "fail", "pad"});
  AddWord(
      app, form, "--cleaned-format", "output_format",
      "The cleaned file's format (default same: as the input, in UTF-8); in jsonl a column of CSV "
      "becomes numbers where complete has seen nothing else in it",
      {"same", "csv", "tsv", "jsonl"});
  AddWord(app, form, "--cleaned-compression", "output_compression",
          "How the cleaned file is packed (default: by the name it gets here, .gz or .zst)",
          {"none", "gzip", "zstd"});
  AddSwitch(app, form, "--formula-guard", {"formula_guard", "yes"},
            "An apostrophe before cells that a spreadsheet would take for formulas");
}

std::vector<std::string> WorkerFormArguments(const FileFormTexts& form) {
  std::vector<std::string> arguments;
  for (const auto& [part, text] : form) {
    if (part == "header") {
      arguments.push_back(text == "yes" ? "--header" : "--no-header");
    } else if (part == "formula_guard") {
      arguments.push_back("--formula-guard");
    } else {
      std::string flag = "--" + part;
      std::replace(flag.begin(), flag.end(), '_', '-');
      arguments.push_back(flag + "=" + text);
    }
  }
  return arguments;
}

}  // namespace dq::dqctl
