// dq.v1.AdminService. Thread-safe; outlives its server.
#pragma once

#include <string>
#include <utility>

#include "dq/v1/admin_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class AdminService final : public v1::AdminService::CallbackService {
 public:
  // `instance` and `version` are what GetStats says of this process.
  AdminService(const ApiPorts& ports, std::string instance, std::string version)
      : ports_(ports), instance_(std::move(instance)), version_(std::move(version)) {}

  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;

 private:
  const ApiPorts ports_;
  const std::string instance_;
  const std::string version_;
};

}  // namespace dq
