// Actions on all jobs that a filter fits.
#include <algorithm>
#include <utility>

#include "scheduler/api/admin_service.h"

namespace dq {
namespace {

constexpr absl::Duration kWorkMax = absl::Minutes(1);
// What is left of a call's deadline for its last page and the answer.
constexpr absl::Duration kReserve = absl::Seconds(5);

}  // namespace

grpc::ServerUnaryReactor* AdminService::BulkActOnJobs(grpc::CallbackServerContext* context,
                                                      const v1::BulkActOnJobsRequest* request,
                                                      v1::BulkActOnJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/BulkActOnJobs");
  if (request->force()) call->set_subject(request->parent());
  auto query = ParseBulk(*request);
  if (!query.ok()) {
    call->Finish(query.status());
    return call->reactor();
  }
  query->word.actor = call->caller();
  query->word.time = ports_.clock.Now();
  const absl::Duration left = absl::FromChrono(context->deadline()) - ports_.clock.Now();
  query->is_abandoned = [context] { return context->IsCancelled(); };
  query->deadline = ports_.clock.Boot() + std::min(left - kReserve, kWorkMax);
  bulk_.Start(call, *std::move(query), *response);
  return call->reactor();
}

}  // namespace dq
