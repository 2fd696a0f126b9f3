// dq.v1.WorkerService: hands each worker's stream to a reactor. Thread-safe; outlives its server.
#pragma once

#include "dq/v1/worker_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class WorkerService final : public v1::WorkerService::CallbackService {
 public:
  explicit WorkerService(const ApiPorts& ports) : ports_(ports) {}

  grpc::ServerBidiReactor<v1::WorkRequest, v1::WorkResponse>* Work(
      grpc::CallbackServerContext* context) override;

 private:
  const ApiPorts ports_;
};

}  // namespace dq
