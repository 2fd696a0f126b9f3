// dq.v1.AdminService. Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/base/mutex.h"
#include "dq/v1/admin_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/bulk_actor.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/core/operator_store.h"

namespace dq {

class AdminService final : public v1::AdminService::CallbackService {
 public:
  // `operators` blocks and outlives the service; `instance` and `version` are what GetStats says of
  // this process.
  AdminService(const ApiPorts& ports, OperatorStore& operators, std::string instance,
               std::string version)
      : ports_(ports),
        operators_(operators),
        instance_(std::move(instance)),
        version_(std::move(version)),
        bulk_(ports_, operators_) {}

  // Ends bulk actions, so that their clients go to another replica; later ones end at once.
  void Drain() { bulk_.Close(); }

  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;
  grpc::ServerUnaryReactor* DrainWorker(grpc::CallbackServerContext* context,
                                        const v1::DrainWorkerRequest* request,
                                        v1::DrainWorkerResponse* response) override;
  grpc::ServerUnaryReactor* UndrainWorker(grpc::CallbackServerContext* context,
                                          const v1::UndrainWorkerRequest* request,
                                          v1::UndrainWorkerResponse* response) override;
  grpc::ServerUnaryReactor* GetConcurrency(grpc::CallbackServerContext* context,
                                           const v1::GetConcurrencyRequest* request,
                                           v1::GetConcurrencyResponse* response) override;
  grpc::ServerUnaryReactor* ListStuckJobs(grpc::CallbackServerContext* context,
                                          const v1::ListStuckJobsRequest* request,
                                          v1::ListStuckJobsResponse* response) override;
  grpc::ServerUnaryReactor* RecoverJobs(grpc::CallbackServerContext* context,
                                        const v1::RecoverJobsRequest* request,
                                        v1::RecoverJobsResponse* response) override;
  grpc::ServerUnaryReactor* BulkActOnJobs(grpc::CallbackServerContext* context,
                                          const v1::BulkActOnJobsRequest* request,
                                          v1::BulkActOnJobsResponse* response) override;

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
  // Adds a page of groups of `kind` (nothing: all) with `add`; `query` names the list for its
  // tokens.
  template <typename Request>
  void ListGroups(const std::shared_ptr<UnaryCall>& call, const Request& request,
                  std::optional<GroupKind> kind, const std::string& query,
                  std::function<void(const GroupView&)> add, std::string* next_page_token);
  // Recovers all of `list`, and answers.
  void RecoverAll(const std::shared_ptr<UnaryCall>& call, const StuckList& list,
                  const v1::RecoverJobsRequest& request, v1::RecoverJobsResponse& response);
  // Records a limit, makes it effective, answers with what it is of.
  void Set(const std::shared_ptr<UnaryCall>& call, const GroupLimit& limit,
           std::function<void(const GroupView&)> answer);

  // Drains a worker, or ends that: has `record` recorded, makes it effective, answers.
  struct DrainCall {
    const char* method;
    std::function<absl::StatusOr<std::optional<WorkerDrain>>(
        const std::string& worker, const OperatorWord& word, int64_t epoch)>
        record;
  };
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* SetDrain(const DrainCall& drain, grpc::CallbackServerContext* context,
                                     const Request& request, Response* response);
  // Has `record` called where it may block, one at a time, so that memory holds what the tables
  // hold, with the epoch of this leader; else answers why not.
  void RecordAsLeader(const std::shared_ptr<UnaryCall>& call,
                      std::function<void(int64_t epoch)> record);
  // Returns what a caller is told of a record that was refused.
  static absl::Status AsCallerSees(const absl::Status& refused);

  const ApiPorts ports_;
  OperatorStore& operators_;
  const std::string instance_;
  const std::string version_;
  Mutex record_mutex_;  // Held while something is recorded and handed to the scheduler.
  BulkActor bulk_;
};

}  // namespace dq
