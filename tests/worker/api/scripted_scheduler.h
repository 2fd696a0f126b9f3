// A WorkerService in this process that does what a test tells it: welcomes, grants, revokes, falls
// silent, breaks streams. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "common/rpc/server_runner.h"
#include "dq/v1/worker_service.grpc.pb.h"

namespace dq {

// One stream of a worker, as the scheduler has it.
class ScriptedSession {
 public:
  using Stream = grpc::ServerReaderWriter<v1::WorkResponse, v1::WorkRequest>;
  ScriptedSession(grpc::ServerContext& context, Stream& stream)
      : context_(context), stream_(stream) {}

  // Welcomes the worker; from now on every report is answered. Leases of `kept` go on.
  void Welcome(const std::vector<v1::Lease>& kept = {},
               absl::Duration lease_ttl = absl::Seconds(15));
  // Welcomes the worker as a scheduler that shuts down does.
  void WelcomeAndSendAway();
  // Sends `turn` as the answer to the newest report.
  void Send(v1::Turn turn);
  void Grant(const v1::Grant& grant);
  void Revoke(const v1::Lease& lease, v1::RevokeReason reason);
  void Close(const v1::Lease& lease);
  // Answers every report as a scheduler without database does; what is sent besides answers none.
  void AnswerDegraded();
  // Answers no report any more; the connection stays.
  void FallSilent();
  // Breaks the stream.
  void Break() EXCLUDES(write_mutex_);

  // The hello; waits for it.
  v1::Hello hello();
  // Waits for a report that `fits` and returns it; fails the test when none comes in time.
  v1::WorkReport WaitForReport(const std::function<bool(const v1::WorkReport&)>& fits);
  // Waits for a report in which `lease` has ended.
  v1::Outcome WaitForOutcome(const v1::Lease& lease);
  int64_t reports();

  // Reads requests until the stream is over. Called by the service, whose stream and context are
  // gone when it returns: from then on Break() and what writes do nothing.
  void Serve();

 private:
  void Write(const v1::WorkResponse& response) EXCLUDES(write_mutex_);

  Mutex write_mutex_;  // Held while anybody but Serve()'s reads uses the stream or the context.
  grpc::ServerContext& context_;
  Stream& stream_;
  bool over_ GUARDED_BY(write_mutex_) = false;
  Mutex mutex_;
  CondVar changed_;
  std::optional<v1::Hello> hello_ GUARDED_BY(mutex_);
  v1::WorkReport report_ GUARDED_BY(mutex_);
  int64_t reports_ GUARDED_BY(mutex_) = 0;
  bool silent_ GUARDED_BY(mutex_) = true;
  bool degraded_ GUARDED_BY(mutex_) = false;
};

class ScriptedScheduler final : private v1::WorkerService::Service {
 public:
  ScriptedScheduler();
  // Breaks all streams.
  ~ScriptedScheduler() override;

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  // Waits for the next stream.
  std::shared_ptr<ScriptedSession> NextSession();

 private:
  grpc::Status Work(grpc::ServerContext* context, ScriptedSession::Stream* stream) override;

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::shared_ptr<ScriptedSession>> sessions_ GUARDED_BY(mutex_);
  size_t taken_ GUARDED_BY(mutex_) = 0;
  std::unique_ptr<ServerRunner> server_;
};

}  // namespace dq
