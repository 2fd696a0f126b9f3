#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "scheduler/dqctl/config.h"
#include "scheduler/dqctl/options.h"
#include "scheduler/dqctl/programs.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Blocks the signals in this and every later thread, and takes them in one of its own. The second
// one ends the process at once: somebody insists.
void WatchSignals(Interrupt& interrupt) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::thread([signals, &interrupt] {
    for (bool first = true;; first = false) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (!first) ::_exit(static_cast<int>(ExitCode::kInterrupted));
      interrupt.Trigger();
    }
  }).detach();
}

ExitCode Main(const std::vector<std::string>& arguments) {
  Console console = ProcessConsole(Variable);
  const absl::StatusOr<CommandLine> line = ParseCommandLine(arguments);
  if (!line.ok()) {
    PrintError(console, line.status());
    return ExitCode::kUsage;
  }
  if (!line->command) {
    console.out << line->help << std::flush;
    return ExitCode::kOk;
  }
  const absl::StatusOr<Connection> connection = ResolveConnection(line->flags, Variable);
  if (!connection.ok()) {
    PrintError(console, connection.status());
    return ExitCodeOf(connection.status());
  }
  // Never destroyed: the signal thread may still touch it while the process ends.
  Interrupt& interrupt = *new Interrupt;
  WatchSignals(interrupt);
  Session session{.connection = *connection,
                  .console = console,
                  .interrupt = interrupt,
                  .client = {},
                  .watch = {},
                  .program_folder = ProgramFolder(),
                  .environment = Variable};
  return RunCommand(*line->command, session);
}

}  // namespace
}  // namespace dq::dqctl

int main(int argc, char** argv) {
  return static_cast<int>(dq::dqctl::Main(std::vector<std::string>(argv + 1, argv + argc)));
}
