// dq.v1.FileService. Thread-safe; outlives its server.
#pragma once

#include "dq/v1/file_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class FileService final : public v1::FileService::CallbackService {
 public:
  explicit FileService(const ApiPorts& ports) : ports_(ports) {}

  grpc::ServerReadReactor<v1::UploadFileRequest>* UploadFile(
      grpc::CallbackServerContext* context, v1::UploadFileResponse* response) override;
  grpc::ServerUnaryReactor* RegisterFile(grpc::CallbackServerContext* context,
                                         const v1::RegisterFileRequest* request,
                                         v1::RegisterFileResponse* response) override;
  grpc::ServerUnaryReactor* GetFile(grpc::CallbackServerContext* context,
                                    const v1::GetFileRequest* request,
                                    v1::GetFileResponse* response) override;
  grpc::ServerUnaryReactor* ListFiles(grpc::CallbackServerContext* context,
                                      const v1::ListFilesRequest* request,
                                      v1::ListFilesResponse* response) override;
  grpc::ServerUnaryReactor* DeleteFile(grpc::CallbackServerContext* context,
                                       const v1::DeleteFileRequest* request,
                                       v1::DeleteFileResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadFileResponse>* DownloadFile(
      grpc::CallbackServerContext* context, const v1::DownloadFileRequest* request) override;

 private:
  const ApiPorts ports_;
};

}  // namespace dq
