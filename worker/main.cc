// dq-worker: the lean program of the worker, without gRPC. `run` cleans a local file; `serve`
// becomes the agent that talks to a scheduler. Wiring only.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "worker/run_command.h"
#include "worker/run_options.h"
#include "worker/sandbox/job_child.h"
#include "worker/stages/build_stages.h"

namespace {

constexpr std::string_view kHelp = R"(Examples:
  dq-worker run --input customers.csv --output cleaned.csv --report report.json
  dq-worker run --help
  dq-worker serve --help

Commands:
  run     cleans a file on this machine, without a scheduler
  serve   takes jobs from a scheduler (runs dq-worker-agent beside this program)
  version
)";

dq::CancelToken cancel_token;
dq::CancelToken stop_token;
volatile std::sig_atomic_t takes_checkpoints = 0;
volatile std::sig_atomic_t interrupted = 0;

void OnSignal(int signal) {
  if (takes_checkpoints != 0 && !stop_token.cancelled()) return stop_token.Cancel();
  if (signal == SIGINT) interrupted = 1;
  cancel_token.Cancel();
}

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  // A file above the limit of the shell is an error of writing, after which temporary files go.
  sigaction(SIGXFSZ, &action, nullptr);
}

int Run(std::span<char* const> arguments) {
  for (const std::string_view argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      (void)std::fputs(dq::RunHelp().c_str(), stdout);
      return dq::kExitOk;
    }
  }
  const auto options = dq::ParseRunOptions(arguments);
  if (!options.ok()) {
    (void)std::fprintf(stderr, "dq-worker: %s: %s\n", dq::ReasonOf(options.status()).c_str(),
                       dq::MessageOf(options.status()).c_str());
    return dq::kExitUsage;
  }
  takes_checkpoints = options->checkpoint_dir.empty() ? 0 : 1;
  HandleSignals();
  const int code = dq::RunLocally(*options, cancel_token, stop_token);
  return interrupted != 0 ? dq::kExitInterrupted : code;
}

// Becomes dq-worker-agent from the folder of this program.
int Serve(char** arguments) {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size > 0 ? static_cast<size_t>(size) : 0);
  path = path.substr(0, path.find_last_of('/') + 1) + "dq-worker-agent";
  arguments[0] = path.data();
  ::execv(path.c_str(), arguments);
  (void)std::fprintf(stderr, "dq-worker: FILE_MISSING: cannot start %s: %s\n", path.c_str(),
                     std::strerror(errno));
  return dq::kExitError;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run") return Run({argv + 2, static_cast<size_t>(argc - 2)});
  if (command == "serve") return Serve(argv + 1);
  if (command == "job") return dq::RunJobChild(dq::BuildStages);  // A child of dq-worker-agent.
  if (command == "version" || command == "--version") {
    (void)std::puts("dq-worker " DQ_VERSION);
    return dq::kExitOk;
  }
  const bool asked = command == "--help" || command == "-h" || command == "help";
  (void)std::fputs(std::string(kHelp).c_str(), asked ? stdout : stderr);
  return asked ? dq::kExitOk : dq::kExitUsage;
}
