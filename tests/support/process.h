// Real processes for tests: started from the main thread, killed by the kernel when it ends, killed
// and reaped by the destructor. Output goes to files. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace dq {

// How a process ended.
struct ProcessEnd {
  int exit_code = -1;  // -1: killed by `signal`.
  int signal = 0;
  friend bool operator==(const ProcessEnd&, const ProcessEnd&) = default;
};

class Process {
 public:
  // Starts `command` (a path and arguments) with `environment` on top of this process's; its output
  // is appended to the files. A program that cannot be run ends with exit code 127.
  Process(const std::vector<std::string>& command,
          const std::map<std::string, std::string>& environment, const std::string& stdout_path,
          const std::string& stderr_path);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Returns the processes it started and that are still there.
  std::vector<pid_t> Children() const;
  // Sends a signal, unless it has ended.
  void Signal(int signal);
  // Kills it with SIGKILL and waits.
  void Kill9();
  // Returns how it ended; nothing while it runs.
  std::optional<ProcessEnd> Poll();
  // Waits for its end; nothing when it did not end in time.
  std::optional<ProcessEnd> Wait(absl::Duration timeout = absl::Seconds(30));

 private:
  pid_t pid_ = -1;
  std::optional<ProcessEnd> end_;
};

// What a program that ran to its end left.
struct ProgramResult {
  int exit_code = -1;  // -1: killed, or not ended within the time limit.
  std::string out;
  std::string err;
};

// Runs a program to its end, its output kept in files under `folder`.
ProgramResult RunProgram(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment,
                         const std::string& folder, absl::Duration timeout = absl::Seconds(60));

// Returns the content of a file; "" when there is none.
std::string ReadTextFile(const std::string& path);

}  // namespace dq
