// Where a command writes: results to `out`, progress and errors to `err`, and what those two are
// (a terminal or not, how wide, coloured or not). Not thread-safe.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace dq::dqctl {

enum class Colour { kGreen, kYellow, kRed };

struct Console {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;  // Animation is drawn only on a terminal.
  bool out_has_colour = false;   // False with NO_COLOR.
  std::function<int()> width;    // Columns of the terminal; asked for at every redraw.
  std::function<absl::Time()> now;
};

// Returns a console over the process's stdout and stderr. Reads NO_COLOR and TERM from `variable`,
// which returns "" for a variable that is not set.
Console ProcessConsole(const std::function<std::string(const char*)>& variable);

// Whether nobody reads the process's stdout any more: its end is no error of this process, as in
// `dqctl job list | head -1`.
bool IsStdoutClosed();

// Returns `text` in `colour` when the console's out has colour, else as it is.
std::string Coloured(const Console& console, Colour colour, std::string_view text);

// Prints "dqctl: REASON: message", the violated fields, and a line that says what to do when the
// reason is one that dqctl knows more about than the server.
void PrintError(const Console& console, const absl::Status& status);

}  // namespace dq::dqctl
