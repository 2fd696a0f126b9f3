// One UploadFile call: reads a message, writes it where it may block, reads the next, so that one
// chunk is in memory. Steps follow each other, so there is no lock; a step runs on the executor or
// on a gRPC thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "dq/v1/file_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/rpc_call.h"

namespace dq {

class UploadReactor final : public grpc::ServerReadReactor<v1::UploadFileRequest>,
                            public std::enable_shared_from_this<UploadReactor> {
 public:
  // `context` and `response` live until OnDone().
  UploadReactor(const ApiPorts& ports, const grpc::CallbackServerContext& context,
                v1::UploadFileResponse& response)
      : ports_(ports),
        context_(context),
        response_(response),
        call_(ports, context, "FileService/UploadFile") {}

  // Begins to read. Keeps itself alive until OnDone().
  void Start();

  void OnReadDone(bool ok) override;
  void OnDone() override { self_.reset(); }

 private:
  // Runs the next step where it may block; it reads on or finishes.
  void SubmitStep(absl::Status (UploadReactor::*step)(), bool last);
  // The steps; all block.
  absl::Status TakeMessage();
  absl::Status TakeHeader();
  absl::Status TakeChunk();
  // The client has half-closed: publishes the bytes and records the file.
  absl::Status Complete();
  absl::Status CheckTotals(const WrittenObject& object) const;
  absl::Status CheckNotCancelled() const;
  absl::Status Record(const WrittenObject& object);

  const ApiPorts& ports_;
  const grpc::CallbackServerContext& context_;
  v1::UploadFileResponse& response_;
  RpcCall call_;
  v1::UploadFileRequest message_;
  v1::UploadHeader header_;
  FileRecord record_;
  std::unique_ptr<ObjectWriter> writer_;  // Set once the header is in.
  std::shared_ptr<UploadReactor> self_;
};

}  // namespace dq
