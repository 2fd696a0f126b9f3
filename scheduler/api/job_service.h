// dq.v1.JobService. Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dq/v1/job_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/job_lookup.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/submit_reactor.h"
#include "scheduler/api/watch_registry.h"

namespace dq {

// What a call asks of a job.
struct JobAction {
  const char* method;
  void (Scheduler::*act)(const JobName&, const std::string&, const std::string&,
                         std::function<void(absl::StatusOr<JobView>)>);
  const char* participle;
  std::optional<JobState> is_done_in;  // An end in which there is nothing left to do.
};

class JobService final : public v1::JobService::CallbackService {
 public:
  explicit JobService(const ApiPorts& ports, WatchLimits limits = {})
      : ports_(ports), lookup_(ports_), watches_(ports_.clock, limits) {}

  // Ends all streams, so that their clients go to another replica; later ones end at once.
  void Drain() {
    watches_.Close();
    submits_.Close();
  }

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
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context,
                                     const v1::PauseJobRequest* request,
                                     v1::PauseJobResponse* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request,
                                      v1::ResumeJobResponse* response) override;
  grpc::ServerUnaryReactor* RetryJob(grpc::CallbackServerContext* context,
                                     const v1::RetryJobRequest* request,
                                     v1::RetryJobResponse* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const v1::DeleteJobRequest* request,
                                      v1::DeleteJobResponse* response) override;
  grpc::ServerUnaryReactor* BatchCreateJobs(grpc::CallbackServerContext* context,
                                            const v1::BatchCreateJobsRequest* request,
                                            v1::BatchCreateJobsResponse* response) override;
  grpc::ServerBidiReactor<v1::SubmitJobsRequest, v1::SubmitJobsResponse>* SubmitJobs(
      grpc::CallbackServerContext* context) override;
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
  // Runs an action of a request {name, reason} whose answer is the job.
  template <typename Request>
  grpc::ServerUnaryReactor* Run(const JobAction& action, grpc::CallbackServerContext* context,
                                const Request& request, v1::Job* answer);
  // Answers an action on a job that is not in the engine's memory, from its record.
  void AnswerEnded(const std::shared_ptr<UnaryCall>& call, const JobAction& action,
                   const JobName& name, v1::Job* answer);
  // Retries the job, unless this very request has done so before: the etag in it tells.
  void RetryUnlessDone(const std::shared_ptr<UnaryCall>& call, const JobName& name,
                       const v1::RetryJobRequest& request, v1::Job* answer);
  void Retry(const std::shared_ptr<UnaryCall>& call, const JobName& name,
             const v1::RetryJobRequest& request, v1::Job* answer);
  void Reopen(const std::shared_ptr<UnaryCall>& call, int64_t reservation, const JobName& name,
              const v1::RetryJobRequest& request, v1::Job* answer);

  // Blocks. Answers for a job that is nowhere.
  void AnswerAbsent(const std::shared_ptr<UnaryCall>& call, const JobName& name,
                    v1::GetJobResponse* response);

  const ApiPorts ports_;
  const JobLookup lookup_;
  WatchRegistry watches_;
  SubmitStreams submits_;
};

}  // namespace dq
