// Many jobs created by one call.
#include <map>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/job_service.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/spec_validation.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr int kJobsMax = 1000;

v1::JobError ErrorOf(const absl::Status& status) {
  v1::JobError error;
  error.set_reason(ReasonOf(status));
  error.set_message(MessageOf(status));
  for (const auto& [key, value] : MetadataOf(status)) (*error.mutable_metadata())[key] = value;
  return error;
}

absl::Status CheckBulk(const v1::BatchCreateJobsRequest& request) {
  Violations violations;
  violations.Merge(ParseProject(request.parent(), "parent").status());
  violations.Require(request.requests_size() <= kJobsMax, "requests", "at most 1,000");
  for (int i = 0; i < request.requests_size(); ++i) {
    const std::string& parent = request.requests(i).parent();
    violations.Require(parent.empty() || parent == request.parent(),
                       "requests[" + std::to_string(i) + "].parent", "empty, or `parent`");
  }
  return violations.ToStatus();
}

// Makes records of requests, asking for files and references that several share only once. Blocks.
class BulkCreation {
 public:
  BulkCreation(const ApiPorts& ports, const std::string& caller) : ports_(ports), caller_(caller) {}

  absl::StatusOr<JobRecord> Make(const v1::CreateJobRequest& request) {
    if (absl::Status valid = ValidateCreateJob(request); !valid.ok()) return valid;
    DQ_ASSIGN_OR_RETURN(const JobInputs inputs, InputsOf(request));
    return MakeJobRecord(request, inputs, caller_, ports_.clock.Now());
  }

 private:
  absl::StatusOr<JobInputs> InputsOf(const v1::CreateJobRequest& request) {
    if (!NeedsCatalog(request)) return JobInputs();
    const v1::JobSpec& spec = request.job().spec();
    const auto [entry, is_new] = inputs_.try_emplace({spec.input_file(), spec.reference()});
    if (is_new) entry->second = ResolveInputs(request, ports_.catalog);
    return entry->second;
  }

  const ApiPorts& ports_;
  const std::string& caller_;
  std::map<std::pair<std::string, std::string>, absl::StatusOr<JobInputs>> inputs_;
};

}  // namespace

grpc::ServerUnaryReactor* JobService::BatchCreateJobs(grpc::CallbackServerContext* context,
                                                      const v1::BatchCreateJobsRequest* request,
                                                      v1::BatchCreateJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/BatchCreateJobs");
  if (const absl::Status valid = CheckBulk(*request); !valid.ok()) {
    call->Finish(valid);
  } else {
    call->RunBlocking([this, call, request, response] { SubmitAll(call, *request, response); });
  }
  return call->reactor();
}

void JobService::SubmitAll(const std::shared_ptr<UnaryCall>& call,
                           const v1::BatchCreateJobsRequest& request,
                           v1::BatchCreateJobsResponse* response) {
  BulkCreation creation(ports_, call->caller());
  std::vector<JobRecord> records;
  std::vector<v1::BatchCreateJobsResult*> waiting;
  for (v1::CreateJobRequest one : request.requests()) {
    one.set_parent(request.parent());
    v1::BatchCreateJobsResult& result = *response->add_results();
    absl::StatusOr<JobRecord> record = creation.Make(one);
    if (!record.ok()) {
      const absl::StatusOr<JobRecord> earlier = FindEarlier(one, record.status());
      if (earlier.ok()) {
        result.set_name(JobText(earlier->name));
        result.set_existed(true);
      } else {
        *result.mutable_error() = ErrorOf(record.status());
      }
      continue;
    }
    records.push_back(*std::move(record));
    waiting.push_back(&result);
  }
  ports_.scheduler.SubmitAll(std::move(records),
                             [call, waiting](const absl::StatusOr<std::vector<BulkOutcome>>& all) {
                               for (size_t i = 0; all.ok() && i < waiting.size(); ++i) {
                                 const BulkOutcome& outcome = (*all)[i];
                                 if (!outcome.status.ok()) {
                                   *waiting[i]->mutable_error() = ErrorOf(outcome.status);
                                   continue;
                                 }
                                 waiting[i]->set_name(JobText(outcome.name));
                                 waiting[i]->set_existed(outcome.existed);
                               }
                               call->Finish(all.status());
                             });
}

}  // namespace dq
