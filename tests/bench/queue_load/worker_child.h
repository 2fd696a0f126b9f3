// The child process in which a worker on this machine runs a job, seen from outside. Not
// thread-safe.
#pragma once

#include <sys/types.h>

namespace dq::bench {

class WorkerChild {
 public:
  // Waits until the process `agent` has a child.
  explicit WorkerChild(pid_t agent);
  ~WorkerChild();
  WorkerChild(WorkerChild&& other) noexcept;
  WorkerChild& operator=(WorkerChild&&) = delete;

  // Returns once the child has ended.
  void WaitForEnd();

 private:
  int descriptor_;
};

}  // namespace dq::bench
