// One WatchBatch call: asks now and then how the batch is and sends it when it has changed. Reading
// is done where it may block; gRPC's and the registry's threads only send. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "dq/v1/batch_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/watch_registry.h"

namespace dq {

// Takes a batch, or why there is none.
using BatchTaker = std::function<void(absl::StatusOr<v1::Batch>)>;
// Finds the batch of a name. Blocks; calls the taker once, perhaps later.
using BatchFinder = std::function<void(const std::string&, const BatchTaker&)>;

class BatchWatchReactor final : public grpc::ServerWriteReactor<v1::WatchBatchResponse>,
                                public Watch,
                                public std::enable_shared_from_this<BatchWatchReactor> {
 public:
  // `ports` and `registry` outlive the call, and so does what `find` stands on.
  BatchWatchReactor(const ApiPorts& ports, WatchRegistry& registry,
                    const grpc::CallbackServerContext& context, BatchFinder find);

  // Begins to answer `request`. Keeps itself alive until OnDone().
  void Start(const v1::WatchBatchRequest& request) EXCLUDES(mutex_);

  void Tick() override EXCLUDES(mutex_);
  void End(absl::Status status) override EXCLUDES(mutex_);

  void OnWriteDone(bool ok) override EXCLUDES(mutex_);
  void OnCancel() override { End(absl::CancelledError("the client is gone")); }
  void OnDone() override;

 private:
  absl::Status Open(const v1::WatchBatchRequest& request);
  void Take(absl::StatusOr<v1::Batch> batch) EXCLUDES(mutex_);
  // The only place that writes or finishes.
  void Pump() EXCLUDES(mutex_);

  const ApiPorts& ports_;
  WatchRegistry& registry_;
  RpcCall call_;
  const BatchFinder find_;
  std::string name_;  // Set by Start(), as is `self_`.
  std::shared_ptr<BatchWatchReactor> self_;

  Mutex mutex_;
  std::string told_ GUARDED_BY(mutex_);  // The hash of what was sent last.
  std::optional<v1::Batch> next_ GUARDED_BY(mutex_);
  bool asking_ GUARDED_BY(mutex_) = false;
  absl::Time ask_due_ GUARDED_BY(mutex_) = absl::InfinitePast();  // Boot clock, as the next.
  absl::Time bookmark_due_ GUARDED_BY(mutex_) = absl::InfiniteFuture();
  std::optional<absl::Status> end_ GUARDED_BY(mutex_);  // Once `next_` is sent.
  bool writing_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  v1::WatchBatchResponse message_;  // Belongs to gRPC while writing_.
};

}  // namespace dq
