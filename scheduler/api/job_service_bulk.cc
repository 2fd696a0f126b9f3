// Many jobs created by one call.
#include "scheduler/api/bulk_submit.h"
#include "scheduler/api/job_service.h"
#include "scheduler/api/submit_reactor.h"

namespace dq {

grpc::ServerUnaryReactor* JobService::BatchCreateJobs(grpc::CallbackServerContext* context,
                                                      const v1::BatchCreateJobsRequest* request,
                                                      v1::BatchCreateJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/BatchCreateJobs");
  if (const absl::Status valid = CheckBulk(request->parent(), request->requests()); !valid.ok()) {
    call->Finish(valid);
    return call->reactor();
  }
  call->RunBlocking([this, call, request, response] {
    SubmitBulk(ports_, call->caller(), request->parent(), request->requests(),
               *response->mutable_results(),
               [call](const BulkEnd& end) { call->Finish(end.status); });
  });
  return call->reactor();
}

grpc::ServerBidiReactor<v1::SubmitJobsRequest, v1::SubmitJobsResponse>* JobService::SubmitJobs(
    grpc::CallbackServerContext* context) {
  auto stream = std::make_shared<SubmitReactor>(ports_, submits_, *context);
  stream->Start();
  return stream.get();  // Keeps itself alive until OnDone().
}

}  // namespace dq
