// dq.v1.ReferenceService. Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <utility>

#include "dq/v1/reference_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class ReferenceService final : public v1::ReferenceService::CallbackService {
 public:
  // `wake` is called once a version is recorded that is to be validated; it returns at once.
  ReferenceService(const ApiPorts& ports, std::function<void()> wake)
      : ports_(ports), wake_(std::move(wake)) {}

  grpc::ServerUnaryReactor* CreateReference(grpc::CallbackServerContext* context,
                                            const v1::CreateReferenceRequest* request,
                                            v1::CreateReferenceResponse* response) override;
  grpc::ServerUnaryReactor* GetReference(grpc::CallbackServerContext* context,
                                         const v1::GetReferenceRequest* request,
                                         v1::GetReferenceResponse* response) override;
  grpc::ServerUnaryReactor* ListReferences(grpc::CallbackServerContext* context,
                                           const v1::ListReferencesRequest* request,
                                           v1::ListReferencesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateReference(grpc::CallbackServerContext* context,
                                            const v1::UpdateReferenceRequest* request,
                                            v1::UpdateReferenceResponse* response) override;
  grpc::ServerUnaryReactor* DeleteReference(grpc::CallbackServerContext* context,
                                            const v1::DeleteReferenceRequest* request,
                                            v1::DeleteReferenceResponse* response) override;

 private:
  const ApiPorts ports_;
  const std::function<void()> wake_;
};

}  // namespace dq
