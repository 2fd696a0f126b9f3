#include "scheduler/api/file_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/api/download_reactor.h"
#include "scheduler/api/file_codec.h"
#include "scheduler/api/file_registration.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/upload_reactor.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kRequestIdBytes = 16;

absl::Status CheckRegister(const v1::RegisterFileRequest& request) {
  Violations violations;
  violations.Merge(ParseProject(request.parent(), "parent").status());
  violations.Require(request.file_id().empty() || IsResourceId(request.file_id()), "file_id",
                     "an id: lower-case letters, digits and dashes, from a letter on");
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  RequireRegistrable(request.uri(), "uri", violations);
  return violations.ToStatus();
}

absl::Status Register(const ApiPorts& ports, const v1::RegisterFileRequest& request, RpcCall& call,
                      v1::RegisterFileResponse& response) {
  DQ_RETURN_IF_ERROR(CheckRegister(request));
  DQ_ASSIGN_OR_RETURN(FileRecord record, DescribeStoredFile(request.uri(), ports.objects));
  record.create_time = ports.clock.Now();
  DQ_ASSIGN_OR_RETURN(record.project, ParseProject(request.parent(), "parent"));
  record.id =
      request.file_id().empty() ? TimeOrderedId("f-", record.create_time) : request.file_id();
  record.request_id =
      request.request_id().empty() ? "auto-" + RandomHex(kRequestIdBytes) : request.request_id();
  record.created_by = call.caller();
  call.set_subject(ResourceText(record.project, kFiles, record.id));
  DQ_ASSIGN_OR_RETURN(const Created<FileRecord> created, ports.catalog.CreateFile(record));
  *response.mutable_file() = ToProto(created.record);
  response.set_existed(created.existed);
  return absl::OkStatus();
}

absl::Status List(CatalogStore& catalog, const v1::ListFilesRequest& request,
                  v1::ListFilesResponse& response) {
  const std::string identity = "ListFiles " + request.parent();
  DQ_ASSIGN_OR_RETURN(const std::string project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const std::string before, ReadPageToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(std::vector<FileRecord> files, catalog.ListFiles(project, before, size + 1));
  if (files.size() > static_cast<size_t>(size)) {
    files.resize(static_cast<size_t>(size));
    response.set_next_page_token(MakePageToken(identity, files.back().id));
  }
  for (const FileRecord& file : files) *response.add_files() = ToProto(file);
  return absl::OkStatus();
}

// Deletes the record, then the bytes, unless they lie outside of what the product wrote. Those that
// do not go now are owed: the leader sees to it.
absl::Status Delete(const ApiPorts& ports, const std::string& name, RpcCall& call) {
  call.set_subject(name);
  DQ_ASSIGN_OR_RETURN(const ProjectResource file, ParseResource(name, kFiles, "name"));
  const auto record = ports.catalog.GetFile(file.project, file.id);
  if (absl::IsNotFound(record.status())) return absl::OkStatus();
  DQ_RETURN_IF_ERROR(record.status());
  DQ_RETURN_IF_ERROR(call.Audit("delete_file"));
  DQ_RETURN_IF_ERROR(ports.catalog.DeleteFile(file.project, file.id));
  if (IsOwnUri(record->uri)) (void)ports.objects.Remove(record->uri);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerReadReactor<v1::UploadFileRequest>* FileService::UploadFile(
    grpc::CallbackServerContext* context, v1::UploadFileResponse* response) {
  auto upload = std::make_shared<UploadReactor>(ports_, *context, *response);
  upload->Start();
  return upload.get();  // Keeps itself alive until OnDone().
}

grpc::ServerUnaryReactor* FileService::RegisterFile(grpc::CallbackServerContext* context,
                                                    const v1::RegisterFileRequest* request,
                                                    v1::RegisterFileResponse* response) {
  return AnswerBlocking(ports_, context, "FileService/RegisterFile",
                        [this, request, response](RpcCall& call) {
                          return Register(ports_, *request, call, *response);
                        });
}

grpc::ServerUnaryReactor* FileService::GetFile(grpc::CallbackServerContext* context,
                                               const v1::GetFileRequest* request,
                                               v1::GetFileResponse* response) {
  return AnswerBlocking(
      ports_, context, "FileService/GetFile", [this, request, response](RpcCall&) -> absl::Status {
        DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                            ParseResource(request->name(), kFiles, "name"));
        DQ_ASSIGN_OR_RETURN(const FileRecord file, ports_.catalog.GetFile(name.project, name.id));
        *response->mutable_file() = ToProto(file);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* FileService::ListFiles(grpc::CallbackServerContext* context,
                                                 const v1::ListFilesRequest* request,
                                                 v1::ListFilesResponse* response) {
  return AnswerBlocking(
      ports_, context, "FileService/ListFiles",
      [this, request, response](RpcCall&) { return List(ports_.catalog, *request, *response); });
}

grpc::ServerUnaryReactor* FileService::DeleteFile(grpc::CallbackServerContext* context,
                                                  const v1::DeleteFileRequest* request,
                                                  v1::DeleteFileResponse*) {
  return AnswerBlocking(ports_, context, "FileService/DeleteFile", [this, request](RpcCall& call) {
    return Delete(ports_, request->name(), call);
  });
}

grpc::ServerWriteReactor<v1::DownloadFileResponse>* FileService::DownloadFile(
    grpc::CallbackServerContext* context, const v1::DownloadFileRequest* request) {
  auto download = std::make_shared<DownloadReactor>(ports_, *context, *request);
  download->Start();
  return download.get();  // Keeps itself alive until OnDone().
}

}  // namespace dq
