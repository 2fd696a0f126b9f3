// Deleting jobs that have ended.
#include <utility>

#include "scheduler/api/etag.h"
#include "scheduler/api/job_service.h"
#include "scheduler/api/kept_files.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"
#include "scheduler/engine/job_deletion.h"

namespace dq {
namespace {

absl::StatusOr<JobToDelete> CheckRequest(const v1::DeleteJobRequest& request) {
  auto name = ParseJobName(request.name(), "name");
  Violations violations;
  violations.Merge(name.status());
  violations.RequireReason(request.reason());
  if (absl::Status valid = violations.ToStatus(); !valid.ok()) return valid;
  return JobToDelete{*std::move(name), VersionSeen(request.etag())};
}

}  // namespace

grpc::ServerUnaryReactor* JobService::DeleteJob(grpc::CallbackServerContext* context,
                                                const v1::DeleteJobRequest* request,
                                                v1::DeleteJobResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "JobService/DeleteJob");
  call->set_subject(request->name());
  auto job = CheckRequest(*request);
  if (!job.ok()) {
    call->Finish(job.status());
    return call->reactor();
  }
  const DeletionWish wish = {{call->caller(), request->reason(), ports_.clock.Now()},
                             request->with_input()};
  ports_.scheduler.ReserveDeletion(
      {job->name}, [this, call, job = *job, wish,
                    response](const absl::StatusOr<DeletionReservation>& reservation) {
        if (!reservation.ok()) return call->Finish(reservation.status());
        const auto work = [this, call, job, wish, response, reserved = *reservation] {
          const DeletionAnswers answers =
              DeleteReserved(ports_.scheduler, ports_.deletions, reserved, {job}, wish);
          AddKeptFiles(job.name.project, answers.kept_files, *response->mutable_kept_files());
          call->Finish(answers.outcomes.front());
        };
        if (ports_.blocking.Submit(work)) return;
        ports_.scheduler.EndDeletion(*reservation, {});  // The reservation must not stay.
        call->Finish(TooMuchWaits());
      });
  return call->reactor();
}

}  // namespace dq
