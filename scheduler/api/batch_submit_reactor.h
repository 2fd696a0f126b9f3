// One SubmitBatch call: reads a message, checks its operations and keeps them as bytes, reads the
// next, and has the batch recorded at the end. Steps follow each other, so there is no lock; a step
// runs on the executor or on a gRPC thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/sha256.h"
#include "dq/v1/batch_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/core/batch.h"

namespace dq {

// Bytes of operations that all calls of a server keep. Thread-safe.
class SubmittedBytes {
 public:
  static constexpr int64_t kAllBytesMax = 256 << 20;

  // RESOURCE_EXHAUSTED (QUEUE_FULL) when it would be too much; then nothing is added.
  absl::Status Add(int64_t bytes);
  void Remove(int64_t bytes) { bytes_ -= bytes; }

 private:
  std::atomic<int64_t> bytes_ = 0;
};

// Records a batch with its operations; `inputs` says whether all their files are there. Blocks.
using BatchRecorder = std::function<absl::StatusOr<Created<v1::Batch>>(
    const BatchRecord&, const std::vector<std::string>& requests, const absl::Status& inputs)>;

class BatchSubmitReactor final : public grpc::ServerReadReactor<v1::SubmitBatchRequest>,
                                 public std::enable_shared_from_this<BatchSubmitReactor> {
 public:
  // `context` and `response` live until OnDone(), `submitted` longer.
  BatchSubmitReactor(const ApiPorts& ports, SubmittedBytes& submitted,
                     const grpc::CallbackServerContext& context, v1::SubmitBatchResponse& response,
                     BatchRecorder record)
      : ports_(ports),
        submitted_(submitted),
        context_(context),
        response_(response),
        record_(std::move(record)),
        call_(ports, context, "BatchService/SubmitBatch") {}
  ~BatchSubmitReactor() override { submitted_.Remove(bytes_); }

  // Begins to read if this replica leads; else says who does. Keeps itself alive until OnDone().
  void Start();

  void OnReadDone(bool ok) override;
  void OnDone() override { self_.reset(); }

 private:
  // Runs the next step where it may block; it reads on or finishes.
  void SubmitStep(absl::Status (BatchSubmitReactor::*step)(), bool last);
  // The steps; all block.
  absl::Status TakeMessage();
  absl::Status TakeHeader();
  absl::Status TakeOperations();
  // The client has half-closed, or is gone.
  absl::Status Complete();

  const ApiPorts& ports_;
  SubmittedBytes& submitted_;
  const grpc::CallbackServerContext& context_;
  v1::SubmitBatchResponse& response_;
  const BatchRecorder record_;
  RpcCall call_;
  v1::SubmitBatchRequest message_;
  v1::CreateBatchRequest header_;
  bool has_header_ = false;
  int32_t operation_count_ = 0;
  std::vector<std::string> requests_;
  int64_t bytes_ = 0;    // Of the operations.
  Sha256 hash_;          // Of header and operations.
  absl::Status inputs_;  // Of the first operation whose inputs are not there.
  std::shared_ptr<BatchSubmitReactor> self_;
};

}  // namespace dq
