// What users do to a job that is there: cancel, pause, resume, retry.
#include <utility>

#include "common/base/error.h"
#include "scheduler/api/etag.h"
#include "scheduler/api/job_codec.h"
#include "scheduler/api/job_service.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

// Returns the job that `request` is about.
template <typename Request>
absl::StatusOr<JobName> CheckRequest(const Request& request) {
  auto name = ParseJobName(request.name(), "name");
  Violations violations;
  violations.Merge(name.status());
  violations.RequireReason(request.reason());
  if (absl::Status valid = violations.ToStatus(); !valid.ok()) return valid;
  return name;
}

absl::Status JobChanged(const JobName& name) {
  return MakeError(absl::StatusCode::kAborted, "JOB_CHANGED",
                   "the job has changed since you saw it; look at it again",
                   {{"job", JobText(name)}});
}

// Answers with the job, or why there is none.
auto AnswerJob(const std::shared_ptr<UnaryCall>& call, v1::Job* answer) {
  return [call, answer](const absl::StatusOr<JobView>& job) {
    if (job.ok()) *answer = ToProto(*job);
    call->Finish(job.status());
  };
}

}  // namespace

template <typename Request>
grpc::ServerUnaryReactor* JobService::Run(const JobAction& action,
                                          grpc::CallbackServerContext* context,
                                          const Request& request, v1::Job* answer) {
  auto call = UnaryCall::Begin(ports_, context, action.method);
  call->set_subject(request.name());
  const auto name = CheckRequest(request);
  if (!name.ok()) {
    call->Finish(name.status());
    return call->reactor();
  }
  (ports_.scheduler.*action.act)(
      *name, request.reason(), call->caller(),
      [this, call, action, name = *name, answer](const absl::StatusOr<JobView>& job) {
        if (ReasonOf(job.status()) == "NOT_LIVE") return AnswerEnded(call, action, name, answer);
        AnswerJob(call, answer)(job);
      });
  return call->reactor();
}

void JobService::AnswerEnded(const std::shared_ptr<UnaryCall>& call, const JobAction& action,
                             const JobName& name, v1::Job* answer) {
  call->RunBlocking([this, call, action, name, answer] {
    const auto job = ports_.jobs.GetJob(name);
    if (!job.ok()) return call->Finish(job.status());
    const JobState state = job->status.state;
    if (state == action.is_done_in) {
      *answer = ToProto(*job);
      return call->Finish(absl::OkStatus());
    }
    if (!IsTerminal(state)) return call->Finish(NotLoadedYet(name));
    const std::string text(StateName(state));
    call->Finish(
        MakeError(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                  "the job is " + text + " and cannot be " + action.participle + " any more",
                  {{"job", JobText(name)}, {"state", text}}));
  });
}

grpc::ServerUnaryReactor* JobService::CancelJob(grpc::CallbackServerContext* context,
                                                const v1::CancelJobRequest* request,
                                                v1::CancelJobResponse* response) {
  return Run({"JobService/CancelJob", &Scheduler::Cancel, "cancelled", JobState::kCancelled},
             context, *request, response->mutable_job());
}

grpc::ServerUnaryReactor* JobService::PauseJob(grpc::CallbackServerContext* context,
                                               const v1::PauseJobRequest* request,
                                               v1::PauseJobResponse* response) {
  return Run({"JobService/PauseJob", &Scheduler::Pause, "paused", std::nullopt}, context, *request,
             response->mutable_job());
}

grpc::ServerUnaryReactor* JobService::ResumeJob(grpc::CallbackServerContext* context,
                                                const v1::ResumeJobRequest* request,
                                                v1::ResumeJobResponse* response) {
  return Run({"JobService/ResumeJob", &Scheduler::Resume, "resumed", std::nullopt}, context,
             *request, response->mutable_job());
}

grpc::ServerUnaryReactor* JobService::RetryJob(grpc::CallbackServerContext* context,
                                               const v1::RetryJobRequest* request,
                                               v1::RetryJobResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/RetryJob");
  call->set_subject(request->name());
  const auto name = CheckRequest(*request);
  if (!name.ok()) {
    call->Finish(name.status());
    return call->reactor();
  }
  const int64_t version = VersionSeen(request->etag());
  if (version < 0) {
    call->Finish(JobChanged(*name));
  } else if (version == 0) {
    Retry(call, *name, *request, response->mutable_job());
  } else {
    call->RunBlocking([this, call, name = *name, request, response] {
      RetryUnlessDone(call, name, *request, response->mutable_job());
    });
  }
  return call->reactor();
}

void JobService::RetryUnlessDone(const std::shared_ptr<UnaryCall>& call, const JobName& name,
                                 const v1::RetryJobRequest& request, v1::Job* answer) {
  const int64_t seen = VersionSeen(request.etag());
  const auto job = ports_.jobs.GetJob(name);
  if (!job.ok()) return call->Finish(job.status());
  if (job->status.version == seen) return Retry(call, name, request, answer);
  const auto next = ports_.jobs.ListJobEvents(name, seen, 1);
  if (!next.ok()) return call->Finish(next.status());
  // What followed the state that the caller saw tells whether the request was carried out before.
  const bool is_done = !next->empty() && next->front().event == JobEvent::kReopen &&
                       next->front().actor == call->caller() &&
                       next->front().message == request.reason();
  if (!is_done) return call->Finish(JobChanged(name));
  *answer = ToProto(*job);
  call->Finish(absl::OkStatus());
}

void JobService::Retry(const std::shared_ptr<UnaryCall>& call, const JobName& name,
                       const v1::RetryJobRequest& request, v1::Job* answer) {
  ports_.scheduler.ReserveReopen(
      name, [this, call, name, &request, answer](const absl::StatusOr<int64_t>& place) {
        if (!place.ok()) return call->Finish(place.status());
        Reopen(call, *place, name, request, answer);
      });
}

void JobService::Reopen(const std::shared_ptr<UnaryCall>& call, int64_t reservation,
                        const JobName& name, const v1::RetryJobRequest& request, v1::Job* answer) {
  const auto reopen = [this, call, reservation, name, &request,
                       answer](absl::StatusOr<JobRecord> record) {
    const int64_t seen = VersionSeen(request.etag());
    if (record.ok() && seen != 0 && record->status.version != seen) record = JobChanged(name);
    const RetryFrom from = request.from_start() ? RetryFrom::kStart : RetryFrom::kCheckpoint;
    ports_.scheduler.Reopen(reservation, name, std::move(record), from, request.reason(),
                            call->caller(), AnswerJob(call, answer));
  };
  const bool accepted =
      ports_.blocking.Submit([this, name, reopen] { reopen(ports_.jobs.GetJob(name)); });
  if (!accepted) reopen(TooMuchWaits());  // The reservation must not stay.
}

}  // namespace dq
