// The calls of BatchService.
#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/connection_limits.h"
#include "scheduler/dqctl/client_call.h"

namespace dq::dqctl {
namespace {

constexpr size_t kMessageBytes = 1 << 20;  // Operations of one message, about.

// Writes the header of a batch, then its operations, as long as the server takes them.
void WriteMessages(const dq::v1::CreateBatchRequest& request,
                   grpc::ClientWriter<dq::v1::SubmitBatchRequest>& writer) {
  dq::v1::SubmitBatchRequest message;
  *message.mutable_header() = request;
  message.mutable_header()->mutable_batch()->clear_operations();
  message.set_operation_count(request.batch().operations_size());
  bool open = writer.Write(message);
  message.Clear();
  size_t bytes = 0;
  for (const dq::v1::BatchOperation& operation : request.batch().operations()) {
    if (!open) return;
    *message.add_operations() = operation;
    bytes += operation.ByteSizeLong();
    if (bytes < kMessageBytes) continue;
    open = writer.Write(message);
    message.Clear();
    bytes = 0;
  }
  if (open && message.operations_size() > 0) open = writer.Write(message);
  if (open) writer.WritesDone();
}

}  // namespace

absl::StatusOr<dq::v1::CreateBatchResponse> Client::CreateBatch(
    const dq::v1::CreateBatchRequest& request) {
  if (request.ByteSizeLong() <= size_t{kRequestBytesMax}) {
    return Call(*stubs_->batch, &dq::v1::BatchService::Stub::CreateBatch, request);
  }
  dq::v1::SubmitBatchResponse response;
  DQ_RETURN_IF_ERROR(Repeat([&] {
    grpc::ClientContext context;
    const Interrupt::Scope scope(interrupt_, [&context] { context.TryCancel(); });
    response.Clear();
    const auto writer = stubs_->batch->SubmitBatch(&context, &response);
    WriteMessages(request, *writer);
    return FromGrpcStatus(writer->Finish());
  }));
  dq::v1::CreateBatchResponse created;
  created.mutable_batch()->Swap(response.mutable_batch());
  created.set_existed(response.existed());
  return created;
}

absl::StatusOr<dq::v1::Batch> Client::GetBatch(const std::string& name) {
  dq::v1::GetBatchRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->batch, &dq::v1::BatchService::Stub::GetBatch, request));
  return std::move(*response.mutable_batch());
}

absl::StatusOr<dq::v1::ListBatchesResponse> Client::ListBatches(
    const dq::v1::ListBatchesRequest& request) {
  return Call(*stubs_->batch, &dq::v1::BatchService::Stub::ListBatches, request);
}

absl::StatusOr<dq::v1::Batch> Client::ActOnBatch(BatchActionCommand::Kind kind,
                                                 const std::string& name, const std::string& reason,
                                                 const std::string& etag) {
  const auto act = [&](auto request, auto method) -> absl::StatusOr<dq::v1::Batch> {
    request.set_name(name);
    request.set_reason(reason);
    request.set_etag(etag);
    DQ_ASSIGN_OR_RETURN(auto response, Call(*stubs_->batch, method, request));
    return std::move(*response.mutable_batch());
  };
  using Stub = dq::v1::BatchService::Stub;
  switch (kind) {
    case BatchActionCommand::Kind::kCancel:
      return act(dq::v1::CancelBatchRequest(), &Stub::CancelBatch);
    case BatchActionCommand::Kind::kPause:
      return act(dq::v1::PauseBatchRequest(), &Stub::PauseBatch);
    case BatchActionCommand::Kind::kResume:
      return act(dq::v1::ResumeBatchRequest(), &Stub::ResumeBatch);
    case BatchActionCommand::Kind::kRetry:
      return act(dq::v1::RetryBatchRequest(), &Stub::RetryBatch);
  }
  return absl::InternalError("no such action");
}

}  // namespace dq::dqctl
