#include "scheduler/dqctl/console.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <utility>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/rpc/status_mapping.h"

namespace dq::dqctl {
namespace {

constexpr int kColumnsDefault = 80;

int TerminalColumns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kColumnsDefault;
  return size.ws_col;
}

struct Hint {
  std::string_view reason;
  std::string_view text;
};

constexpr std::array kHints = {
    Hint{"SCHEDULER_UNREACHABLE",
         "start one with `dqctl dev`, or name another with --address or DQ_ADDRESS; `dqctl doctor` "
         "says more"},
    Hint{"USAGE", "see `dqctl --help`, or --help after a command"},
    Hint{"POSTGRES_NOT_INSTALLED", "install it: apt-get install postgresql"},
    Hint{"JOB_NOT_FOUND", "list what is there: dqctl job list"},
    Hint{"FILE_NOT_FOUND", "list what is there: dqctl file list"},
    Hint{"REFERENCE_NOT_FOUND", "list what is there: dqctl ref list"},
    Hint{"ID_TAKEN", "choose another id; a reference takes another file with `dqctl ref update`"},
    Hint{"TOKEN_MISSING", "ask the operator of the scheduler for access"},
    Hint{"REQUEST_ID_REUSED", "choose another --request-id, or repeat the first call exactly"},
};

std::string_view HintFor(std::string_view reason) {
  for (const Hint& hint : kHints) {
    if (hint.reason == reason) return hint.text;
  }
  return {};
}

}  // namespace

Console ProcessConsole(const std::function<std::string(const char*)>& variable) {
  const bool plain = !variable("NO_COLOR").empty() || variable("TERM") == "dumb";
  return Console{.out = std::cout,
                 .err = std::cerr,
                 .err_is_terminal = isatty(STDERR_FILENO) != 0 && variable("TERM") != "dumb",
                 .out_has_colour = isatty(STDOUT_FILENO) != 0 && !plain,
                 .width = TerminalColumns,
                 .now = [] { return SystemClock().Now(); }};
}

bool IsStdoutClosed() {
  pollfd out = {.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

std::string Coloured(const Console& console, Colour colour, std::string_view text) {
  if (!console.out_has_colour) return std::string(text);
  const char* code = "31";
  if (colour == Colour::kGreen) code = "32";
  if (colour == Colour::kYellow) code = "33";
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

void PrintError(const Console& console, const absl::Status& status) {
  std::string reason = ReasonOf(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  console.err << "dqctl: " << reason << ": " << MessageOf(status) << "\n";
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    console.err << "  " << violation.field << ": " << violation.description << "\n";
  }
  for (const auto& [key, value] : MetadataOf(status)) {
    if (key == "errno" || key == "category" || key == "field") continue;
    console.err << "  " << key << ": " << value << "\n";
  }
  if (const std::string_view hint = HintFor(reason); !hint.empty()) {
    console.err << "  " << hint << "\n";
  }
  console.err.flush();
}

}  // namespace dq::dqctl
