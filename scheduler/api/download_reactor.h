// One DownloadFile call: reads a chunk where it may block, writes it, reads the next. Steps follow
// each other, so there is no lock; a step runs on the executor or on a gRPC thread.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "common/base/unique_fd.h"
#include "dq/v1/file_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/rpc_call.h"

namespace dq {

class DownloadReactor final : public grpc::ServerWriteReactor<v1::DownloadFileResponse>,
                              public std::enable_shared_from_this<DownloadReactor> {
 public:
  // `request` lives until OnDone().
  DownloadReactor(const ApiPorts& ports, const grpc::CallbackServerContext& context,
                  const v1::DownloadFileRequest& request)
      : ports_(ports), request_(request), call_(ports, context, "FileService/DownloadFile") {}

  // Begins to answer. Keeps itself alive until OnDone().
  void Start();

  void OnWriteDone(bool ok) override;
  void OnDone() override { self_.reset(); }

 private:
  void SubmitStep();
  // Blocks. Opens the file first, then sends the next chunk, finishes after the last.
  void Step();
  absl::Status Open();
  // Reads the next chunk into `message_`; leaves it empty at the end.
  absl::Status ReadChunk();

  const ApiPorts& ports_;
  const v1::DownloadFileRequest& request_;
  RpcCall call_;
  UniqueFd fd_;
  int64_t offset_ = 0;
  int64_t size_bytes_ = 0;
  v1::DownloadFileResponse message_;
  std::shared_ptr<DownloadReactor> self_;
};

}  // namespace dq
