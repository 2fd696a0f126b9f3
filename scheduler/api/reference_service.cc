#include "scheduler/api/reference_service.h"

#include <set>
#include <vector>

#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/api/file_codec.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kDisplayNameCharactersMax = 200;
constexpr size_t kColumnCharactersMax = 256;
constexpr int kKeyColumnsMax = 16;
constexpr size_t kRequestIdBytes = 16;

void CheckKeyColumns(const v1::Reference& reference, Violations& violations) {
  violations.Require(reference.key_columns_size() <= kKeyColumnsMax, "reference.key_columns",
                     "at most 16 columns");
  std::set<std::string> seen;
  for (const std::string& column : reference.key_columns()) {
    violations.Require(!column.empty() && IsPlainText(column, kColumnCharactersMax),
                       "reference.key_columns", "1 to 256 characters, no control characters");
    violations.Require(seen.insert(column).second, "reference.key_columns",
                       "'" + column + "' is named twice");
  }
}

absl::Status CheckCreate(const v1::CreateReferenceRequest& request) {
  const v1::Reference& reference = request.reference();
  Violations violations;
  const auto project = ParseProject(request.parent(), "parent");
  const auto file = ParseResource(reference.file(), kFiles, "reference.file");
  violations.Merge(project.status());
  violations.Merge(file.status());
  violations.Require(!project.ok() || !file.ok() || *project == file->project, "reference.file",
                     "of another project than parent");
  violations.Require(request.reference_id().empty() || IsResourceId(request.reference_id()),
                     "reference_id",
                     "an id: lower-case letters, digits and dashes, from a letter on");
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  violations.Require(
      reference.stage().empty() || reference.stage() == "complete" || reference.stage() == "dedupe",
      "reference.stage", "\"complete\" or \"dedupe\"");
  violations.Require(IsPlainText(reference.display_name(), kDisplayNameCharactersMax),
                     "reference.display_name", "at most 200 characters, no control characters");
  violations.Require(!reference.active(), "reference.active",
                     "false: this scheduler has no active references");
  CheckKeyColumns(reference, violations);
  return violations.ToStatus();
}

absl::Status Create(const ApiPorts& ports, const v1::CreateReferenceRequest& request, RpcCall& call,
                    v1::CreateReferenceResponse& response) {
  DQ_RETURN_IF_ERROR(CheckCreate(request));
  const v1::Reference& reference = request.reference();
  ReferenceRecord record;
  record.create_time = ports.clock.Now();
  DQ_ASSIGN_OR_RETURN(record.project, ParseProject(request.parent(), "parent"));
  record.id = request.reference_id().empty() ? TimeOrderedId("r-", record.create_time)
                                             : request.reference_id();
  record.stage = reference.stage().empty() ? "complete" : reference.stage();
  DQ_ASSIGN_OR_RETURN(const ProjectResource file,
                      ParseResource(reference.file(), kFiles, "reference.file"));
  record.file_id = file.id;
  record.key_columns.assign(reference.key_columns().begin(), reference.key_columns().end());
  record.display_name = reference.display_name();
  record.request_id =
      request.request_id().empty() ? "auto-" + RandomHex(kRequestIdBytes) : request.request_id();
  record.created_by = call.caller();
  call.set_subject(ResourceText(record.project, kReferences, record.id));
  DQ_ASSIGN_OR_RETURN(const Created<ReferenceRecord> created,
                      ports.catalog.CreateReference(record));
  *response.mutable_reference() = ToProto(created.record);
  response.set_existed(created.existed);
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
                          return Create(ports_, *request, call, *response);
                        });
}

grpc::ServerUnaryReactor* ReferenceService::GetReference(grpc::CallbackServerContext* context,
                                                         const v1::GetReferenceRequest* request,
                                                         v1::GetReferenceResponse* response) {
  return AnswerBlocking(ports_, context, "ReferenceService/GetReference",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                                              ParseResource(request->name(), kReferences, "name"));
                          DQ_ASSIGN_OR_RETURN(const ReferenceRecord record,
                                              ports_.catalog.GetReference(name.project, name.id));
                          *response->mutable_reference() = ToProto(record);
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
                          return ports_.catalog.DeleteReference(name.project, name.id);
                        });
}

}  // namespace dq
