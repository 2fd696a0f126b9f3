// Deleting batches that have ended, with all of their operations.
#include <utility>

#include "common/base/status_macros.h"
#include "scheduler/api/batch_service.h"
#include "scheduler/api/etag.h"
#include "scheduler/api/kept_files.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"
#include "scheduler/engine/job_deletion.h"

namespace dq {
namespace {

absl::Status CheckRequest(const v1::DeleteBatchRequest& request) {
  Violations violations;
  violations.Merge(ParseResource(request.name(), kBatches, "name").status());
  violations.RequireReason(request.reason());
  return violations.ToStatus();
}

}  // namespace

grpc::ServerUnaryReactor* BatchService::DeleteBatch(grpc::CallbackServerContext* context,
                                                    const v1::DeleteBatchRequest* request,
                                                    v1::DeleteBatchResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "BatchService/DeleteBatch");
  call->set_subject(request->name());
  if (const absl::Status valid = CheckRequest(*request); !valid.ok()) {
    call->Finish(valid);
    return call->reactor();
  }
  RunLeading(call, [this, call, request, response] { Delete(call, *request, *response); });
  return call->reactor();
}

void BatchService::Delete(const std::shared_ptr<UnaryCall>& call,
                          const v1::DeleteBatchRequest& request,
                          v1::DeleteBatchResponse& response) {
  const auto name = ParseResource(request.name(), kBatches, "name");
  ExpiredBatch batch = {0, name->project, name->id, VersionSeen(request.etag())};
  std::vector<JobName> jobs;
  const auto view = batches_.GetBatch(batch.project, batch.id);
  if (view.ok()) {
    auto names = OperationNames(batches_, view->record.key);
    if (!names.ok()) return call->Finish(names.status());
    jobs = *std::move(names);
    // The operations that are reserved are all it has in this version.
    if (batch.version == 0) batch.version = view->record.version;
  } else if (!absl::IsNotFound(view.status())) {
    return call->Finish(view.status());
  }
  const DeletionWish wish = {{call->caller(), request.reason(), ports_.clock.Now()},
                             request.with_input()};
  ports_.scheduler.ReserveDeletion(
      std::move(jobs), [this, call, batch = std::move(batch), wish,
                        &response](const absl::StatusOr<DeletionReservation>& reservation) {
        if (!reservation.ok()) return call->Finish(reservation.status());
        const auto work = [this, call, batch, wish, &response, reserved = *reservation] {
          const auto kept =
              DeleteReservedBatch(ports_.scheduler, ports_.deletions, reserved, batch, wish);
          if (kept.ok()) AddKeptFiles(batch.project, *kept, *response.mutable_kept_files());
          call->Finish(kept.status());
        };
        if (ports_.blocking.Submit(work)) return;
        ports_.scheduler.EndDeletion(*reservation, {});  // The reservation must not stay.
        call->Finish(TooMuchWaits());
      });
}

}  // namespace dq
