#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/wait_until.h"

extern char** environ;

namespace dq {
namespace {

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [key, value] : added) all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment,
                 const std::string& stdout_path, const std::string& stderr_path) {
  const std::vector<std::string> all = Environment(environment);
  const std::vector<char*> arguments = Pointers(command);
  const std::vector<char*> variables = Pointers(all);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(::open(stdout_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), STDOUT_FILENO);
  ::dup2(::open(stderr_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), variables.data());
  ::_exit(127);
}

Process::~Process() { Kill9(); }

std::vector<pid_t> Process::Children() const {
  std::vector<pid_t> children;
  std::error_code ignored;
  const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

void Process::Signal(int signal) {
  if (!Poll().has_value()) ::kill(pid_, signal);
}

void Process::Kill9() {
  Signal(SIGKILL);
  (void)Wait();
}

std::optional<ProcessEnd> Process::Poll() {
  int status = 0;
  if (end_.has_value() || ::waitpid(pid_, &status, WNOHANG) != pid_) return end_;
  end_ = WIFEXITED(status) ? ProcessEnd{WEXITSTATUS(status), 0} : ProcessEnd{-1, WTERMSIG(status)};
  return end_;
}

std::optional<ProcessEnd> Process::Wait(absl::Duration timeout) {
  (void)WaitUntil([this] { return Poll().has_value(); }, timeout);
  return end_;
}

ProgramResult RunProgram(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment,
                         const std::string& folder, absl::Duration timeout) {
  const std::string out = folder + "/program.out";
  const std::string err = folder + "/program.err";
  ::unlink(out.c_str());
  ::unlink(err.c_str());
  Process process(command, environment, out, err);
  const std::optional<ProcessEnd> end = process.Wait(timeout);
  return {end.has_value() ? end->exit_code : -1, ReadTextFile(out), ReadTextFile(err)};
}

std::string ReadTextFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace dq
