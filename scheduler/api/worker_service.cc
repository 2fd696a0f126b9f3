#include "scheduler/api/worker_service.h"

#include <memory>

#include "scheduler/api/worker_reactor.h"

namespace dq {

grpc::ServerBidiReactor<v1::WorkRequest, v1::WorkResponse>* WorkerService::Work(
    grpc::CallbackServerContext* context) {
  auto reactor = std::make_shared<WorkerReactor>(ports_, *context);
  reactor->Start();
  return reactor.get();  // Keeps itself alive until OnDone().
}

}  // namespace dq
