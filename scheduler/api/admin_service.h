// dq.v1.AdminService. Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/base/mutex.h"
#include "dq/v1/admin_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/rpc_call.h"

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

  grpc::ServerUnaryReactor* ListQueues(grpc::CallbackServerContext* context,
                                       const v1::ListQueuesRequest* request,
                                       v1::ListQueuesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateQueue(grpc::CallbackServerContext* context,
                                        const v1::UpdateQueueRequest* request,
                                        v1::UpdateQueueResponse* response) override;
  grpc::ServerUnaryReactor* ListProjects(grpc::CallbackServerContext* context,
                                         const v1::ListProjectsRequest* request,
                                         v1::ListProjectsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateProject(grpc::CallbackServerContext* context,
                                          const v1::UpdateProjectRequest* request,
                                          v1::UpdateProjectResponse* response) override;

 private:
  // Records a limit, makes it effective, answers with what it is of.
  void Set(const std::shared_ptr<UnaryCall>& call, const GroupLimit& limit,
           std::function<void(const GroupView&)> answer);

  const ApiPorts ports_;
  const std::string instance_;
  const std::string version_;
  Mutex limits_mutex_;  // Held while a limit is recorded.
};

}  // namespace dq
