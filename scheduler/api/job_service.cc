#include "scheduler/api/job_service.h"

#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/earlier_result.h"
#include "scheduler/api/filter_parser.h"
#include "scheduler/api/job_codec.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/spec_validation.h"
#include "scheduler/api/violations.h"
#include "scheduler/api/watch_reactor.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

absl::Status JobNotFound(const JobName& name) {
  const std::string text = JobText(name);
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                   "there is no job '" + text + "'; ListJobs names those there are",
                   {{"job", text}});
}

absl::Status AnswerTooLarge() {
  return MakeError(absl::StatusCode::kResourceExhausted, "ANSWER_TOO_LARGE",
                   "the jobs named have large specs; name fewer of them in one call");
}

// What ListJobs was asked, checked.
struct JobsQuery {
  std::string project;
  std::vector<JobFilterTerm> filter;
  int page_size = 0;
  JobKey before = 0;
  std::string identity;  // What page tokens are bound to.
};

absl::StatusOr<JobsQuery> ParseQuery(const v1::ListJobsRequest& request) {
  JobsQuery query;
  query.identity = "ListJobs " + request.parent() + " " + request.filter();
  DQ_ASSIGN_OR_RETURN(query.project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(query.filter, ParseFilter(request.filter()));
  DQ_ASSIGN_OR_RETURN(query.page_size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(query.before, ReadNumberToken(query.identity, request.page_token()));
  return query;
}

// Adds `jobs` to the page, or as many of them as it has room for.
void FillPage(const std::vector<JobView>& jobs, const std::string& identity,
              v1::ListJobsResponse& page) {
  size_t bytes = 0;
  JobKey last = 0;
  for (const JobView& view : jobs) {
    v1::Job job = ToProto(view);
    bytes += job.ByteSizeLong();
    if (page.jobs_size() > 0 && bytes > kPageBytesMax) {
      page.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      return;
    }
    *page.add_jobs() = std::move(job);
    last = view.record.key;
  }
}

absl::Status ListEvents(const ApiPorts& ports, const v1::ListJobEventsRequest& request,
                        v1::ListJobEventsResponse& response) {
  const std::string identity = "ListJobEvents " + request.parent();
  DQ_ASSIGN_OR_RETURN(const JobName name, ParseJobName(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const int64_t after, ReadNumberToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(const std::vector<JobEventRecord> events,
                      ports.jobs.ListJobEvents(name, after, size + 1));
  for (const JobEventRecord& event : events) {
    if (response.events_size() == size) {
      const int64_t last = response.events(size - 1).sequence();
      response.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      break;
    }
    *response.add_events() = ToProto(event);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* JobService::CreateJob(grpc::CallbackServerContext* context,
                                                const v1::CreateJobRequest* request,
                                                v1::CreateJobResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/CreateJob");
  if (const absl::Status valid = ValidateCreateJob(*request); !valid.ok()) {
    call->Finish(valid);
  } else if (!NeedsCatalog(*request)) {
    Submit(call, MakeJobRecord(*request, {}, call->caller(), ports_.clock.Now()), response);
  } else {
    call->RunBlocking([this, call, request, response] {
      const auto inputs = ResolveInputs(*request, ports_.catalog);
      if (!inputs.ok()) return AnswerWithoutInputs(call, *request, inputs.status(), response);
      JobRecord record = MakeJobRecord(*request, *inputs, call->caller(), ports_.clock.Now());
      const absl::Status looked = UseEarlierResult(ports_, request->job().spec(), record);
      if (!looked.ok()) return call->Finish(looked);
      Submit(call, std::move(record), response);
    });
  }
  return call->reactor();
}

void JobService::AnswerWithoutInputs(const std::shared_ptr<UnaryCall>& call,
                                     const v1::CreateJobRequest& request, const absl::Status& why,
                                     v1::CreateJobResponse* response) {
  const absl::StatusOr<JobRecord> earlier = FindEarlier(request, why, ports_.jobs);
  if (!earlier.ok()) return call->Finish(earlier.status());
  call->set_subject(JobText(earlier->name));
  *response->mutable_job() = ToProto(*earlier);
  response->set_existed(true);
  call->Finish(absl::OkStatus());
}

void JobService::Submit(const std::shared_ptr<UnaryCall>& call, JobRecord record,
                        v1::CreateJobResponse* response) {
  call->set_subject(JobText(record.name));
  ports_.scheduler.Submit(std::move(record), [call, response](absl::StatusOr<SubmitResult> result) {
    if (result.ok()) {
      *response->mutable_job() = ToProto(result->job);
      response->set_existed(result->existed);
    }
    call->Finish(result.status());
  });
}

grpc::ServerUnaryReactor* JobService::GetJob(grpc::CallbackServerContext* context,
                                             const v1::GetJobRequest* request,
                                             v1::GetJobResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/GetJob");
  const auto name = ParseJobName(request->name(), "name");
  if (!name.ok()) {
    call->Finish(name.status());
    return call->reactor();
  }
  lookup_.Find(name->project, {name->id},
               [this, call, response, name = *name](const absl::StatusOr<JobViews>& found) {
                 if (!found.ok()) return call->Finish(found.status());
                 if (found->empty()) return AnswerAbsent(call, name, response);
                 *response->mutable_job() = ToProto(found->begin()->second);
                 call->Finish(absl::OkStatus());
               });
  return call->reactor();
}

void JobService::AnswerAbsent(const std::shared_ptr<UnaryCall>& call, const JobName& name,
                              v1::GetJobResponse* response) {
  call->RunBlocking([this, call, name, response] {
    // It may have been deleted, or been made just now.
    const absl::StatusOr<JobRecord> job = ports_.jobs.GetJob(name);
    if (job.ok()) *response->mutable_job() = ToProto(*job);
    const bool never_was =
        absl::IsNotFound(job.status()) && !MetadataOf(job.status()).contains("delete_time");
    call->Finish(never_was ? JobNotFound(name) : job.status());
  });
}

grpc::ServerUnaryReactor* JobService::BatchGetJobs(grpc::CallbackServerContext* context,
                                                   const v1::BatchGetJobsRequest* request,
                                                   v1::BatchGetJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/BatchGetJobs");
  const auto named = ParseNamedJobs(request->parent(), request->names());
  if (!named.ok() || named->ids.empty()) {
    call->Finish(named.status());
    return call->reactor();
  }
  lookup_.Find(named->project, named->ids,
               [call, request, response, ids = named->ids](const absl::StatusOr<JobViews>& found) {
                 if (!found.ok()) return call->Finish(found.status());
                 size_t bytes = 0;
                 for (int i = 0; i < request->names_size(); ++i) {
                   const auto job = found->find(ids[static_cast<size_t>(i)]);
                   if (job == found->end()) {
                     response->add_not_found(request->names(i));
                   } else {
                     v1::Job& added = *response->add_jobs();
                     added = ToProto(job->second);
                     bytes += added.ByteSizeLong();
                   }
                   if (bytes > kPageBytesMax) return call->Finish(AnswerTooLarge());
                 }
                 call->Finish(absl::OkStatus());
               });
  return call->reactor();
}

grpc::ServerUnaryReactor* JobService::ListJobs(grpc::CallbackServerContext* context,
                                               const v1::ListJobsRequest* request,
                                               v1::ListJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/ListJobs");
  call->RunBlocking([this, call, request, response] {
    const auto query = ParseQuery(*request);
    if (!query.ok()) return call->Finish(query.status());
    const auto size = static_cast<size_t>(query->page_size);
    auto page =
        ports_.jobs.ListJobs(query->project, query->filter, query->before, query->page_size + 1);
    if (!page.ok()) return call->Finish(page.status());
    if (page->size() > size) {
      page->resize(size);
      response->set_next_page_token(
          MakePageToken(query->identity, std::to_string(page->back().key)));
    }
    lookup_.Overlay(*std::move(page),
                    [call, response, identity = query->identity](std::vector<JobView> jobs) {
                      FillPage(jobs, identity, *response);
                      call->Finish(absl::OkStatus());
                    });
  });
  return call->reactor();
}

grpc::ServerUnaryReactor* JobService::ListJobEvents(grpc::CallbackServerContext* context,
                                                    const v1::ListJobEventsRequest* request,
                                                    v1::ListJobEventsResponse* response) {
  return AnswerBlocking(
      ports_, context, "JobService/ListJobEvents",
      [this, request, response](RpcCall&) { return ListEvents(ports_, *request, *response); });
}

grpc::ServerWriteReactor<v1::WatchJobsResponse>* JobService::WatchJobs(
    grpc::CallbackServerContext* context, const v1::WatchJobsRequest* request) {
  auto watch = std::make_shared<WatchReactor>(ports_, lookup_, watches_, *context);
  watch->Start(*request);
  return watch.get();  // Keeps itself alive until OnDone().
}

}  // namespace dq
