// One stream of WorkerService.Work: sends requests, hands on what comes. No logic. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "dq/v1/worker_service.grpc.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace dq {

class WorkStream final : private grpc::ClientBidiReactor<v1::WorkRequest, v1::WorkResponse> {
 public:
  // Called from gRPC's threads; must not block.
  struct Sink {
    std::function<void(v1::WorkResponse)> on_message;
    std::function<void(absl::Status)> on_end;  // Once, last.
  };

  // Opens a stream over `channel`.
  WorkStream(std::shared_ptr<grpc::Channel> channel, Sink sink);
  // Closes the stream and waits until on_end has returned. Not for gRPC's own threads: gRPC joins
  // them when the last channel goes, and the stream may hold that one.
  ~WorkStream() override;

  // Sends `request` as soon as the one before is on its way. Only the newest of those that wait is
  // sent: a report replaces an older one. No-op once the stream is over.
  void Send(v1::WorkRequest request) EXCLUDES(mutex_);
  // Cancels the stream; on_end follows. Afterwards Send() is a no-op.
  void Close() EXCLUDES(mutex_);
  // Whether on_end has returned.
  bool over() EXCLUDES(mutex_);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  // Starts whatever may be started: the only place that does.
  void Pump() EXCLUDES(mutex_);
  // Starts nothing any more and lets the call end.
  void Stop() EXCLUDES(mutex_);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  const Sink sink_;
  grpc::ClientContext context_;
  v1::WorkResponse incoming_;  // gRPC's while reading_.
  v1::WorkRequest outgoing_;   // gRPC's while writing_.
  Mutex mutex_;
  CondVar changed_;
  std::optional<v1::WorkRequest> next_ GUARDED_BY(mutex_);
  bool reading_ GUARDED_BY(mutex_) = false;
  bool writing_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;
};

}  // namespace dq
