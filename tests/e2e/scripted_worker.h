// A worker that does what a test says, over the real protocol: the zombie and the honest one of
// tests about leases. Not thread-safe.
#pragma once

#include <memory>
#include <string>

#include "dq/v1/worker_service.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace dq {

class ScriptedWorker {
 public:
  // Connects, says hello as `instance` with one slot for stage noop, and waits for the welcome.
  ScriptedWorker(const std::string& address, const std::string& instance);
  // Breaks the stream.
  ~ScriptedWorker();
  ScriptedWorker(const ScriptedWorker&) = delete;
  ScriptedWorker& operator=(const ScriptedWorker&) = delete;

  // Asks for a job and waits for the grant.
  v1::Lease AwaitGrant();
  // Reports the lease as completed and waits until the scheduler has closed it.
  void CompleteAndAwaitClosed(const v1::Lease& lease);

 private:
  // Sends a report and returns the next turn.
  v1::Turn Exchange(v1::WorkReport report);

  grpc::ClientContext context_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>> stream_;
  int64_t sequence_ = 0;
};

}  // namespace dq
