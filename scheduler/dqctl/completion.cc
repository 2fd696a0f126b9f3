#include "scheduler/dqctl/completion.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_split.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

constexpr std::string_view kBash = R"(# dqctl in bash:
#   dqctl completion bash > ~/.local/share/bash-completion/completions/dqctl
# or, for this shell only:  source <(dqctl completion bash)
_dqctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _dqctl dqctl
)";

constexpr std::string_view kZsh = R"(#compdef dqctl
# dqctl in zsh: in a folder of $fpath, before compinit,
#   dqctl completion zsh > ~/.zfunc/_dqctl
# or, for this shell only:  source <(dqctl completion zsh)
_dqctl() {
  local line word
  local -a offers
  for line in "${(@f)$("$words[1]" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    word=${line%%$'\t'*}
    [[ -n $word ]] && offers+=("${word//:/\\:}:${line#*$'\t'}")
  done
  if [[ -n $offers ]]; then
    _describe dqctl offers
  else
    _files
  fi
}
if [[ $funcstack[1] == _dqctl ]]; then
  _dqctl "$@"
else
  compdef _dqctl dqctl
fi
)";

constexpr std::string_view kFish = R"(# dqctl in fish:
#   dqctl completion fish > ~/.config/fish/completions/dqctl.fish
# or, for this shell only:  dqctl completion fish | source
function __dqctl_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l last (commandline -ct)
    $program __complete $words "$last" 2>/dev/null
end
complete -c dqctl -f -n '__dqctl_complete | string length -q' -a '(__dqctl_complete)'
)";

// A command line as far as it is written.
struct Place {
  const CLI::App* app = nullptr;           // The innermost command.
  const CLI::Option* waiting = nullptr;    // A flag that wants a value.
  size_t positionals = 0;                  // Arguments of the command that are no flags.
  std::vector<const CLI::App*> apps = {};  // The command and those it is in, whose flags it takes.
};

const CLI::Option* FindFlag(const Place& place, const std::string& name) {
  for (const CLI::App* app : place.apps) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->check_name(name)) return option;
    }
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

void TakeWord(Place& place, const std::string& word) {
  if (place.waiting != nullptr) {
    if (word != "=") place.waiting = nullptr;  // bash splits --flag=value into three.
    return;
  }
  if (word.starts_with('-') && word != "-") {
    const CLI::Option* const flag = FindFlag(place, word);
    if (flag != nullptr && TakesValue(*flag)) place.waiting = flag;
    return;
  }
  for (const CLI::App* command : place.app->get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() != word) continue;
    place.app = command;
    place.apps.insert(place.apps.begin(), command);
    place.positionals = 0;
    return;
  }
  ++place.positionals;
}

// Adds the values that the option takes, when it takes certain ones: they are in its type's name.
void AddValues(const CLI::Option& option, const std::string& before, const std::string& begin,
               std::vector<Completion>& found) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return;
  for (const absl::string_view value :
       absl::StrSplit(type.substr(open + 1, close - open - 1), ',')) {
    const std::string word(value);
    if (word.starts_with(begin)) found.push_back({before + word, ""});
  }
}

void AddFlags(const Place& place, const std::string& begin, std::vector<Completion>& found) {
  for (const CLI::App* app : place.apps) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const std::string word = "--" + name;
        const bool helps = name == "help" && app != place.app;  // Every command has its own.
        if (word.starts_with(begin) && !helps) found.push_back({word, option->get_description()});
      }
    }
  }
}

void AddCommands(const Place& place, const std::string& begin, std::vector<Completion>& found) {
  for (const CLI::App* command : place.app->get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_name().starts_with(begin)) continue;
    found.push_back({command->get_name(), command->get_description()});
  }
}

void AddPositional(const Place& place, const std::string& begin, std::vector<Completion>& found) {
  size_t at = 0;
  for (const CLI::Option* option : place.app->get_options()) {
    if (option->get_positional() && at++ == place.positionals) AddValues(*option, "", begin, found);
  }
}

}  // namespace

std::vector<Completion> CompletionsOf(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{.app = &root, .apps = {&root}};
  for (size_t i = 0; i + 1 < words.size(); ++i) TakeWord(place, words[i]);
  std::string last = words.empty() ? "" : words.back();
  std::vector<Completion> found;
  if (place.waiting != nullptr) {
    AddValues(*place.waiting, "", last == "=" ? "" : last, found);
    return found;
  }
  if (const size_t equals = last.find('='); last.starts_with("--") && equals != std::string::npos) {
    const CLI::Option* const flag = FindFlag(place, last.substr(0, equals));
    if (flag != nullptr) {
      AddValues(*flag, last.substr(0, equals + 1), last.substr(equals + 1), found);
    }
    return found;
  }
  if (last.starts_with('-')) {
    AddFlags(place, last, found);
  } else {
    AddCommands(place, last, found);
    AddPositional(place, last, found);
  }
  return found;
}

std::string CompletionLines(const std::vector<Completion>& completions) {
  std::string lines;
  for (const auto& [word, help] : completions) {
    lines += word + '\t' + help.substr(0, help.find('\n')) + '\n';
  }
  return lines;
}

std::string_view CompletionScript(Shell shell) {
  switch (shell) {
    case Shell::kBash:
      return kBash;
    case Shell::kZsh:
      return kZsh;
    case Shell::kFish:
      return kFish;
  }
  return {};
}

absl::StatusOr<ExitCode> Run(const CompletionCommand& command, Session& session) {
  session.console.out << CompletionScript(command.shell);
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
