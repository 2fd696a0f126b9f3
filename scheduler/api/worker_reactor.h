// One worker's stream: translates and hands on, both ways. Decides nothing. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "dq/v1/worker_service.pb.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

class WorkerReactor final : public grpc::ServerBidiReactor<v1::WorkRequest, v1::WorkResponse>,
                            public WorkerSink,
                            public std::enable_shared_from_this<WorkerReactor> {
 public:
  // Turns that wait for a slow stream; then it is closed and the worker comes back on a new one.
  static constexpr size_t kOutboxMessagesMax = 256;
  // Reports that wait for the engine; then the stream is not read until it has taken one.
  static constexpr int kReportsWaitingMax = 8;

  // `context` lives until OnDone().
  WorkerReactor(const ApiPorts& ports, grpc::CallbackServerContext& context)
      : scheduler_(ports.scheduler),
        context_(context),
        call_(ports, context, "WorkerService/Work") {}

  // Begins to read. Keeps itself alive until OnDone().
  void Start();

  void Welcome(WorkerWelcome welcome) override;
  void Turn(WorkerTurn turn) override;
  void Close(absl::Status status) override EXCLUDES(mutex_);

  void OnReadDone(bool ok) override EXCLUDES(mutex_);
  void OnWriteDone(bool ok) override EXCLUDES(mutex_);
  void OnCancel() override { Close(absl::CancelledError("the worker is gone")); }
  void OnDone() override;

 private:
  absl::Status TakeMessage() EXCLUDES(mutex_);
  // Reads the next message, now or once fewer reports wait.
  void ReadOn() EXCLUDES(mutex_);
  void ReportTaken() EXCLUDES(mutex_);
  void Enqueue(v1::WorkResponse response) EXCLUDES(mutex_);
  // The only place that writes or finishes: what waits first, then the end.
  void Pump() EXCLUDES(mutex_);

  Scheduler& scheduler_;
  grpc::CallbackServerContext& context_;
  RpcCall call_;
  v1::WorkRequest request_;           // Belongs to gRPC while a read is in progress.
  std::optional<SessionId> session_;  // Reactions that read, then OnDone().
  std::shared_ptr<WorkerReactor> self_;

  Mutex mutex_;
  std::deque<v1::WorkResponse> outbox_
      GUARDED_BY(mutex_);  // The first belongs to gRPC if writing_.
  int reports_waiting_ GUARDED_BY(mutex_) = 0;
  bool read_due_ GUARDED_BY(mutex_) = false;  // Once a report was taken.
  std::optional<absl::Status> end_ GUARDED_BY(mutex_);
  bool broken_ GUARDED_BY(mutex_) = false;  // Nothing can be written any more.
  bool writing_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
};

}  // namespace dq
