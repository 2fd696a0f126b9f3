#include "scheduler/api/reference_service.h"

#include <optional>
#include <string>
#include <vector>

#include "common/base/status_macros.h"
#include "scheduler/api/file_codec.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/reference_request.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"

namespace dq {
namespace {

constexpr int kVersionsShown = 100;
constexpr int kUpdateTriesMax = 5;

// Returns the reference with its versions.
absl::StatusOr<v1::Reference> Show(CatalogStore& catalog, const ReferenceRecord& record) {
  DQ_ASSIGN_OR_RETURN(const auto versions,
                      catalog.ListReferenceVersions(record.project, record.id, kVersionsShown));
  v1::Reference reference = ToProto(record);
  for (const ReferenceVersion& version : versions) {
    *reference.add_versions() = ToProto(record.project, version);
  }
  return reference;
}

absl::StatusOr<v1::Reference> Get(CatalogStore& catalog, const std::string& name) {
  DQ_ASSIGN_OR_RETURN(const ProjectResource parts, ParseResource(name, kReferences, "name"));
  DQ_ASSIGN_OR_RETURN(const ReferenceRecord record, catalog.GetReference(parts.project, parts.id));
  return Show(catalog, record);
}

absl::Status Create(const ApiPorts& ports, const v1::CreateReferenceRequest& request, RpcCall& call,
                    v1::CreateReferenceResponse& response) {
  DQ_RETURN_IF_ERROR(ValidateCreateReference(request));
  const ReferenceRecord record = MakeReferenceRecord(request, call.caller(), ports.clock.Now());
  call.set_subject(ResourceText(record.project, kReferences, record.id));
  DQ_RETURN_IF_ERROR(call.Audit("create_reference"));
  DQ_ASSIGN_OR_RETURN(const Created<ReferenceRecord> created,
                      ports.catalog.CreateReference(record));
  DQ_ASSIGN_OR_RETURN(*response.mutable_reference(), Show(ports.catalog, created.record));
  response.set_existed(created.existed);
  return absl::OkStatus();
}

// Changes a reference once. ABORTED ETAG_MISMATCH when somebody else does at the same moment.
absl::Status TryUpdate(const ApiPorts& ports, const v1::UpdateReferenceRequest& request,
                       const ProjectResource& name, const std::string& caller) {
  CatalogStore& catalog = ports.catalog;
  DQ_ASSIGN_OR_RETURN(const ReferenceRecord recorded, catalog.GetReference(name.project, name.id));
  DQ_ASSIGN_OR_RETURN(const auto versions, catalog.ListReferenceVersions(name.project, name.id, 1));
  const auto newest = versions.empty() ? std::nullopt : std::optional(versions.front());
  DQ_ASSIGN_OR_RETURN(const auto change,
                      PlanUpdate(request, recorded, newest, caller, ports.clock.Now()));
  if (!change) return absl::OkStatus();
  return catalog.UpdateReference(change->changed, change->added);
}

absl::Status Update(const ApiPorts& ports, const v1::UpdateReferenceRequest& request, RpcCall& call,
                    v1::UpdateReferenceResponse& response) {
  DQ_RETURN_IF_ERROR(ValidateUpdateReference(request));
  const std::string& name = request.reference().name();
  call.set_subject(name);
  DQ_ASSIGN_OR_RETURN(const ProjectResource parts, ParseResource(name, kReferences, "name"));
  DQ_RETURN_IF_ERROR(call.Audit("update_reference"));
  absl::Status updated;
  for (int i = 0; i < kUpdateTriesMax; ++i) {
    updated = TryUpdate(ports, request, parts, call.caller());
    // With an etag of its own the caller wants to know.
    if (!absl::IsAborted(updated) || !request.reference().etag().empty()) break;
  }
  DQ_RETURN_IF_ERROR(updated);
  DQ_ASSIGN_OR_RETURN(*response.mutable_reference(), Get(ports.catalog, name));
  return absl::OkStatus();
}

absl::Status List(CatalogStore& catalog, const v1::ListReferencesRequest& request,
                  v1::ListReferencesResponse& response) {
  const std::string identity = "ListReferences " + request.parent();
  DQ_ASSIGN_OR_RETURN(const std::string project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const std::string before, ReadPageToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(std::vector<ReferenceRecord> references,
                      catalog.ListReferences(project, before, size + 1));
  if (references.size() > static_cast<size_t>(size)) {
    references.resize(static_cast<size_t>(size));
    response.set_next_page_token(MakePageToken(identity, references.back().id));
  }
  for (const ReferenceRecord& record : references) *response.add_references() = ToProto(record);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ReferenceService::CreateReference(
    grpc::CallbackServerContext* context, const v1::CreateReferenceRequest* request,
    v1::CreateReferenceResponse* response) {
  return AnswerBlocking(ports_, context, "ReferenceService/CreateReference",
                        [this, request, response](RpcCall& call) {
                          const absl::Status created = Create(ports_, *request, call, *response);
                          wake_();
                          return created;
                        });
}

grpc::ServerUnaryReactor* ReferenceService::UpdateReference(
    grpc::CallbackServerContext* context, const v1::UpdateReferenceRequest* request,
    v1::UpdateReferenceResponse* response) {
  return AnswerBlocking(ports_, context, "ReferenceService/UpdateReference",
                        [this, request, response](RpcCall& call) {
                          const absl::Status updated = Update(ports_, *request, call, *response);
                          wake_();
                          return updated;
                        });
}

grpc::ServerUnaryReactor* ReferenceService::GetReference(grpc::CallbackServerContext* context,
                                                         const v1::GetReferenceRequest* request,
                                                         v1::GetReferenceResponse* response) {
  return AnswerBlocking(ports_, context, "ReferenceService/GetReference",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(*response->mutable_reference(),
                                              Get(ports_.catalog, request->name()));
                          return absl::OkStatus();
                        });
}

grpc::ServerUnaryReactor* ReferenceService::ListReferences(grpc::CallbackServerContext* context,
                                                           const v1::ListReferencesRequest* request,
                                                           v1::ListReferencesResponse* response) {
  return AnswerBlocking(
      ports_, context, "ReferenceService/ListReferences",
      [this, request, response](RpcCall&) { return List(ports_.catalog, *request, *response); });
}

grpc::ServerUnaryReactor* ReferenceService::DeleteReference(
    grpc::CallbackServerContext* context, const v1::DeleteReferenceRequest* request,
    v1::DeleteReferenceResponse*) {
  return AnswerBlocking(ports_, context, "ReferenceService/DeleteReference",
                        [this, request](RpcCall& call) -> absl::Status {
                          call.set_subject(request->name());
                          DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                                              ParseResource(request->name(), kReferences, "name"));
                          DQ_RETURN_IF_ERROR(call.Audit("delete_reference"));
                          return ports_.catalog.DeleteReference(name.project, name.id);
                        });
}

}  // namespace dq
