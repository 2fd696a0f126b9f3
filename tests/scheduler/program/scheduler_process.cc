#include "tests/scheduler/program/scheduler_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/wait_until.h"

namespace dq {
namespace {

constexpr char kProgram[] = DQ_BINARY_DIR "/bin/dq-scheduler";

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

SchedulerProcess::SchedulerProcess(const std::string& folder, const std::string& database,
                                   std::vector<std::string> flags)
    : ports_file_(folder + "/ports"), errors_file_(folder + "/stderr") {
  ::unlink(ports_file_.c_str());
  flags.insert(flags.begin(), kProgram);
  flags.insert(flags.end(), {"--ports-file", ports_file_});
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int errors = ::open(errors_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(errors, STDERR_FILENO);
  ::setenv("DQ_DATABASE", database.c_str(), 1);
  ::execv(kProgram, arguments.data());
  ::_exit(127);
}

SchedulerProcess::~SchedulerProcess() {
  if (status_.has_value()) return;
  Signal(SIGKILL);
  Wait();
}

int SchedulerProcess::Port(const std::string& name) {
  const auto written_or_ended = [this] {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    return ::access(ports_file_.c_str(), R_OK) == 0 || ended.si_pid == pid_;
  };
  if (!WaitUntil(written_or_ended)) return 0;
  std::ifstream lines(ports_file_);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + "=", 0) == 0) return std::stoi(line.substr(name.size() + 1));
  }
  return 0;
}

void SchedulerProcess::Signal(int number) { ::kill(pid_, number); }

int SchedulerProcess::Wait() {
  if (status_.has_value()) return *status_;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *status_;
}

std::string SchedulerProcess::Errors() const { return ReadAll(errors_file_); }

}  // namespace dq
