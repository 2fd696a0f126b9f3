// Workers that are taken out of service and back.
#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "scheduler/api/admin_service.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"
#include "scheduler/api/worker_view_codec.h"

namespace dq {
namespace {

constexpr char kWorkers[] = "workers/";

// Returns the worker that `request` is about.
template <typename Request>
absl::StatusOr<std::string> CheckRequest(const Request& request) {
  std::string worker;
  if (request.name().rfind(kWorkers, 0) == 0) worker = request.name().substr(sizeof(kWorkers) - 1);
  Violations violations;
  violations.Require(IsResourceId(worker), "name", "workers/{id}");
  violations.RequireReason(request.reason());
  if (absl::Status valid = violations.ToStatus(); !valid.ok()) return valid;
  return worker;
}

absl::Status WorkerNotFound(const std::string& worker) {
  return MakeError(absl::StatusCode::kNotFound, "WORKER_NOT_FOUND",
                   "no worker " + worker + " is connected or drained");
}

}  // namespace

template <typename Request, typename Response>
grpc::ServerUnaryReactor* AdminService::SetDrain(const DrainCall& drain,
                                                 grpc::CallbackServerContext* context,
                                                 const Request& request, Response* response) {
  auto call = UnaryCall::Begin(ports_, context, drain.method);
  call->set_subject(request.name());
  const auto worker = CheckRequest(request);
  if (!worker.ok()) {
    call->Finish(worker.status());
    return call->reactor();
  }
  const OperatorWord word = {call->caller(), request.reason(), ports_.clock.Now()};
  const auto answer = [call, response](const absl::StatusOr<WorkerView>& view) {
    if (view.ok()) *response->mutable_worker() = WorkerToProto(*view);
    call->Finish(view.status());
  };
  const auto record = [this, call, drain, worker = *worker, word, answer](int64_t epoch) {
    const auto recorded = drain.record(worker, word, epoch);
    if (!recorded.ok()) return call->Finish(AsCallerSees(recorded.status()));
    ports_.scheduler.SetDrain(worker, *recorded, answer);
  };
  ports_.scheduler.ListWorkers(
      [this, call, worker = *worker, record](const absl::StatusOr<std::vector<WorkerView>>& views) {
        if (!views.ok()) return call->Finish(views.status());
        const bool is_known = std::ranges::count(*views, worker, &WorkerView::instance) > 0;
        if (!is_known) return call->Finish(WorkerNotFound(worker));
        RecordAsLeader(call, record);
      });
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::DrainWorker(grpc::CallbackServerContext* context,
                                                    const v1::DrainWorkerRequest* request,
                                                    v1::DrainWorkerResponse* response) {
  const auto save = [this](const std::string& worker, const OperatorWord& word,
                           int64_t epoch) -> absl::StatusOr<std::optional<WorkerDrain>> {
    auto drain = operators_.SaveDrain(worker, word, epoch);
    if (!drain.ok()) return drain.status();
    return *std::move(drain);
  };
  return SetDrain({"AdminService/DrainWorker", save}, context, *request, response);
}

grpc::ServerUnaryReactor* AdminService::UndrainWorker(grpc::CallbackServerContext* context,
                                                      const v1::UndrainWorkerRequest* request,
                                                      v1::UndrainWorkerResponse* response) {
  const auto end = [this](const std::string& worker, const OperatorWord& word,
                          int64_t epoch) -> absl::StatusOr<std::optional<WorkerDrain>> {
    if (absl::Status ended = operators_.EndDrain(worker, word, epoch); !ended.ok()) return ended;
    return std::optional<WorkerDrain>();
  };
  return SetDrain({"AdminService/UndrainWorker", end}, context, *request, response);
}

}  // namespace dq
