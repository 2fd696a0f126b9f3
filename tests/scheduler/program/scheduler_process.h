// A dq-scheduler process of a test: started with flags, its stderr kept, stopped by a signal. Not
// thread-safe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace dq {

class SchedulerProcess {
 public:
  // Starts the program with `flags`; DQ_DATABASE is `database`.
  SchedulerProcess(const std::string& folder, const std::string& database,
                   std::vector<std::string> flags);
  // Kills the process if it still runs.
  ~SchedulerProcess();

  // Waits until the ports file is there and returns a port of it; 0 when the process ended before.
  int Port(const std::string& name);
  void Signal(int number);
  // Waits for the end and returns the exit status; 128 + the signal's number when killed by one.
  int Wait();
  // Returns everything written to stderr so far.
  std::string Errors() const;

 private:
  const std::string ports_file_;
  const std::string errors_file_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace dq
