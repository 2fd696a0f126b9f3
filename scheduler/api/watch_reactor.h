// One WatchJobs call: the engine's changes go through a WatchQueue onto the stream. The engine's
// thread only adds to the queue; what translates and sends are gRPC's and the registry's threads.
// Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/base/mutex.h"
#include "dq/v1/job_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/job_lookup.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/watch_queue.h"
#include "scheduler/api/watch_registry.h"

namespace dq {

class WatchReactor final : public grpc::ServerWriteReactor<v1::WatchJobsResponse>,
                           public WatchSink,
                           public Watch,
                           public std::enable_shared_from_this<WatchReactor> {
 public:
  WatchReactor(const ApiPorts& ports, const JobLookup& lookup, WatchRegistry& registry,
               const grpc::CallbackServerContext& context);

  // Begins to answer `request`. Keeps itself alive until OnDone().
  void Start(const v1::WatchJobsRequest& request) EXCLUDES(mutex_);

  void Changed(const JobChange& change) override EXCLUDES(mutex_);
  void Passed(int64_t sequence) override EXCLUDES(mutex_);
  void Lost(const absl::Status& why) override EXCLUDES(mutex_);
  void Tick() override { Pump(); }
  void End(absl::Status status) override EXCLUDES(mutex_);

  void OnWriteDone(bool ok) override EXCLUDES(mutex_);
  void OnCancel() override { End(absl::CancelledError("the client is gone")); }
  void OnDone() override;

 private:
  absl::Status Open(const v1::WatchJobsRequest& request) EXCLUDES(mutex_);
  // Asks for the jobs as they are; the answer goes to the queue.
  void FetchSnapshot();
  void TakeSnapshot(absl::StatusOr<JobViews> found) EXCLUDES(mutex_);
  // Ends the watch of a job that there is not, and says so if it was deleted.
  void EndUnknown(const JobName& name);
  // Returns whether the registry must be told to tick; counts as told.
  bool MustWake() REQUIRES(mutex_);
  // The only place that writes or finishes.
  void Pump() EXCLUDES(mutex_);

  const ApiPorts& ports_;
  const JobLookup& lookup_;
  WatchRegistry& registry_;
  RpcCall call_;
  NamedJobs jobs_;
  bool resumed_ = false;
  bool first_snapshot_ = true;  // Only one snapshot is fetched at a time.
  std::optional<WatchId> watch_;
  std::shared_ptr<WatchReactor> self_;

  Mutex mutex_;
  std::optional<WatchQueue> queue_ GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;  // A Pump() is to come.
  bool writing_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  v1::WatchJobsResponse message_;  // Belongs to gRPC while writing_.
};

}  // namespace dq
