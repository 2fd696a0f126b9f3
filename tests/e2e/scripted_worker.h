// A worker that does what a test says, over the real protocol: the zombie and the honest one of
// tests about leases. Not thread-safe.
#pragma once

#include <string>

#include "tests/support/worker_stream.h"

namespace dq {

class ScriptedWorker {
 public:
  // Connects, says hello as `instance` with one slot for stage noop, and waits for the welcome.
  ScriptedWorker(const std::string& address, const std::string& instance);

  // Asks for a job and waits for the grant.
  v1::Lease AwaitGrant();
  // Reports the lease as completed and waits until the scheduler has closed it.
  void CompleteAndAwaitClosed(const v1::Lease& lease);

 private:
  WorkerStream stream_;
};

}  // namespace dq
