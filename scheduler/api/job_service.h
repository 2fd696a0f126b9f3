// dq.v1.JobService. Thread-safe; outlives its server.
#pragma once

#include <memory>

#include "dq/v1/job_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/job_lookup.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/watch_registry.h"

namespace dq {

class JobService final : public v1::JobService::CallbackService {
 public:
  explicit JobService(const ApiPorts& ports, WatchLimits limits = {})
      : ports_(ports), lookup_(ports_), watches_(ports_.clock, limits) {}

  // Ends all watches, so that their clients go to another replica; later ones end at once.
  void Drain() { watches_.Close(); }

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                      const v1::CreateJobRequest* request,
                                      v1::CreateJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* BatchGetJobs(grpc::CallbackServerContext* context,
                                         const v1::BatchGetJobsRequest* request,
                                         v1::BatchGetJobsResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobEvents(grpc::CallbackServerContext* context,
                                          const v1::ListJobEventsRequest* request,
                                          v1::ListJobEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchJobsResponse>* WatchJobs(
      grpc::CallbackServerContext* context, const v1::WatchJobsRequest* request) override;

 private:
  void Submit(const std::shared_ptr<UnaryCall>& call, JobRecord record,
              v1::CreateJobResponse* response);
  // Blocks. Answers a creation whose inputs are not there (`why`): with the job, when this request
  // created it before and they were deleted since.
  void AnswerWithoutInputs(const std::shared_ptr<UnaryCall>& call,
                           const v1::CreateJobRequest& request, const absl::Status& why,
                           v1::CreateJobResponse* response);
  // Answers the cancel of a job that is not in the engine's memory, from its record.
  void AnswerEnded(const std::shared_ptr<UnaryCall>& call, const JobName& name,
                   v1::CancelJobResponse* response);

  const ApiPorts ports_;
  const JobLookup lookup_;
  WatchRegistry watches_;
};

}  // namespace dq
