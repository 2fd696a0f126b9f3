// dq.v1.ReferenceService. Thread-safe; outlives its server.
#pragma once

#include "dq/v1/reference_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class ReferenceService final : public v1::ReferenceService::CallbackService {
 public:
  explicit ReferenceService(const ApiPorts& ports) : ports_(ports) {}

  grpc::ServerUnaryReactor* CreateReference(grpc::CallbackServerContext* context,
                                            const v1::CreateReferenceRequest* request,
                                            v1::CreateReferenceResponse* response) override;
  grpc::ServerUnaryReactor* GetReference(grpc::CallbackServerContext* context,
                                         const v1::GetReferenceRequest* request,
                                         v1::GetReferenceResponse* response) override;
  grpc::ServerUnaryReactor* ListReferences(grpc::CallbackServerContext* context,
                                           const v1::ListReferencesRequest* request,
                                           v1::ListReferencesResponse* response) override;
  grpc::ServerUnaryReactor* DeleteReference(grpc::CallbackServerContext* context,
                                            const v1::DeleteReferenceRequest* request,
                                            v1::DeleteReferenceResponse* response) override;

 private:
  const ApiPorts ports_;
};

}  // namespace dq
