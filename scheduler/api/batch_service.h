// dq.v1.BatchService. What is asked of a batch is recorded here and done by the batch runner.
// Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dq/v1/batch_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/batch_submit_reactor.h"
#include "scheduler/api/batch_watch_reactor.h"
#include "scheduler/api/job_lookup.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/watch_registry.h"
#include "scheduler/core/batch_store.h"

namespace dq {

class BatchService final : public v1::BatchService::CallbackService {
 public:
  // `wake` tells the runner that there may be something to do for a batch; it returns at once.
  BatchService(const ApiPorts& ports, BatchStore& batches, std::function<void(BatchKey)> wake,
               WatchLimits limits = {})
      : ports_(ports),
        lookup_(ports_),
        batches_(batches),
        wake_(std::move(wake)),
        watches_(ports_.clock, limits) {}

  // Ends all streams, so that their clients go to another replica; later ones end at once.
  void Drain() { watches_.Close(); }

  grpc::ServerUnaryReactor* CreateBatch(grpc::CallbackServerContext* context,
                                        const v1::CreateBatchRequest* request,
                                        v1::CreateBatchResponse* response) override;
  grpc::ServerReadReactor<v1::SubmitBatchRequest>* SubmitBatch(
      grpc::CallbackServerContext* context, v1::SubmitBatchResponse* response) override;
  grpc::ServerUnaryReactor* GetBatch(grpc::CallbackServerContext* context,
                                     const v1::GetBatchRequest* request,
                                     v1::GetBatchResponse* response) override;
  grpc::ServerUnaryReactor* ListBatches(grpc::CallbackServerContext* context,
                                        const v1::ListBatchesRequest* request,
                                        v1::ListBatchesResponse* response) override;
  grpc::ServerUnaryReactor* CancelBatch(grpc::CallbackServerContext* context,
                                        const v1::CancelBatchRequest* request,
                                        v1::CancelBatchResponse* response) override;
  grpc::ServerUnaryReactor* PauseBatch(grpc::CallbackServerContext* context,
                                       const v1::PauseBatchRequest* request,
                                       v1::PauseBatchResponse* response) override;
  grpc::ServerUnaryReactor* ResumeBatch(grpc::CallbackServerContext* context,
                                        const v1::ResumeBatchRequest* request,
                                        v1::ResumeBatchResponse* response) override;
  grpc::ServerUnaryReactor* RetryBatch(grpc::CallbackServerContext* context,
                                       const v1::RetryBatchRequest* request,
                                       v1::RetryBatchResponse* response) override;
  grpc::ServerUnaryReactor* DeleteBatch(grpc::CallbackServerContext* context,
                                        const v1::DeleteBatchRequest* request,
                                        v1::DeleteBatchResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchBatchResponse>* WatchBatch(
      grpc::CallbackServerContext* context, const v1::WatchBatchRequest* request) override;

 private:
  // Runs `work`, which answers, where it may block, if this replica leads; else says who does.
  void RunLeading(const std::shared_ptr<UnaryCall>& call, std::function<void()> work);
  // Blocks.
  absl::Status Create(const v1::CreateBatchRequest& request, RpcCall& call,
                      v1::CreateBatchResponse& response);
  // Blocks. Records a batch, or finds what the same request has made before `inputs` were gone.
  absl::StatusOr<Created<v1::Batch>> Record(const BatchRecord& batch,
                                            const std::vector<std::string>& requests,
                                            const absl::Status& inputs);
  // Blocks. Adds what is read of one batch alone.
  absl::Status AddDetails(const BatchRecord& record, v1::Batch& batch);
  // Blocks. Finds a batch and what its running operations have done; `done` may be called later,
  // from another thread.
  void Describe(const std::string& name, const BatchTaker& done);
  // Records what a request {name, reason, etag} wishes of a batch. `wish` (core/batch_wish.h) says
  // what it becomes.
  template <typename Request, typename Wish>
  grpc::ServerUnaryReactor* Steer(const char* method, grpc::CallbackServerContext* context,
                                  const Request& request, v1::Batch* answer, Wish wish);
  // Blocks.
  template <typename Request, typename Wish>
  absl::StatusOr<BatchView> RecordWish(const Request& request, const std::string& caller,
                                       Wish wish);

  // Blocks. Deletes a batch whose operations it reserves before.
  void Delete(const std::shared_ptr<UnaryCall>& call, const v1::DeleteBatchRequest& request,
              v1::DeleteBatchResponse& response);

  const ApiPorts ports_;
  const JobLookup lookup_;
  BatchStore& batches_;
  const std::function<void(BatchKey)> wake_;
  SubmittedBytes submitted_;
  WatchRegistry watches_;
};

}  // namespace dq
