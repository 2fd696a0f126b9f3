// A scheduler's API in this process: real services over a real gRPC server and the real engine, the
// fake store in place of PostgreSQL, a temporary storage root. One per test.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "common/base/executor.h"
#include "common/rpc/server_runner.h"
#include "common/rpc/status_mapping.h"
#include "common/storage/object_store.h"
#include "dq/v1/admin_service.grpc.pb.h"
#include "dq/v1/batch_service.grpc.pb.h"
#include "dq/v1/file_service.grpc.pb.h"
#include "dq/v1/job_service.grpc.pb.h"
#include "dq/v1/reference_service.grpc.pb.h"
#include "dq/v1/report_service.grpc.pb.h"
#include "dq/v1/schedule_service.grpc.pb.h"
#include "dq/v1/webhook_service.grpc.pb.h"
#include "dq/v1/worker_service.grpc.pb.h"
#include "scheduler/api/admin_service.h"
#include "scheduler/api/batch_service.h"
#include "scheduler/api/file_service.h"
#include "scheduler/api/job_service.h"
#include "scheduler/api/reference_service.h"
#include "scheduler/api/report_service.h"
#include "scheduler/api/schedule_service.h"
#include "scheduler/api/webhook_service.h"
#include "scheduler/api/worker_service.h"
#include "scheduler/engine/batch_runner.h"
#include "scheduler/engine/reference_validator.h"
#include "scheduler/engine/schedule_runner.h"
#include "scheduler/engine/scheduler.h"
#include "scheduler/engine/webhook_sender.h"
#include "tests/support/answering_transport.h"
#include "tests/support/fake_store.h"
#include "tests/support/silent_engine_metrics.h"

namespace dq {

// Counts nothing.
class NoMetrics final : public SilentEngineMetrics, public RpcMetrics {
 public:
  void RpcFinished(std::string_view, std::string_view, absl::Duration) override {}
};

// A directory that goes with this object.
class StorageRoot {
 public:
  StorageRoot();
  ~StorageRoot();
  const std::string& path() const { return path_; }
  // Returns the number of plain files beneath.
  int FileCount() const;

 private:
  std::string path_;
};

class ApiServer {
 public:
  // Starts everything but the validation of references and waits until the engine serves.
  explicit ApiServer(WatchLimits watch_limits = {});
  // Stops in the order of the program.
  ~ApiServer();

  // Has references validated from now on: jobs that nobody else has created.
  void StartValidation() { validator_.Start(scheduler_); }

  FakeStore& store() { return store_; }
  StorageRoot& root() { return root_; }
  Executor& blocking() { return blocking_; }
  AnsweringTransport& transport() { return transport_; }
  JobService& job_service() { return jobs_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  std::unique_ptr<v1::JobService::Stub> jobs() { return v1::JobService::NewStub(channel_); }
  std::unique_ptr<v1::BatchService::Stub> batches() { return v1::BatchService::NewStub(channel_); }
  std::unique_ptr<v1::FileService::Stub> files() { return v1::FileService::NewStub(channel_); }
  std::unique_ptr<v1::ReferenceService::Stub> references() {
    return v1::ReferenceService::NewStub(channel_);
  }
  std::unique_ptr<v1::ReportService::Stub> reports() {
    return v1::ReportService::NewStub(channel_);
  }
  std::unique_ptr<v1::ScheduleService::Stub> schedules() {
    return v1::ScheduleService::NewStub(channel_);
  }
  std::unique_ptr<v1::AdminService::Stub> admin() { return v1::AdminService::NewStub(channel_); }
  std::unique_ptr<v1::WebhookService::Stub> webhooks() {
    return v1::WebhookService::NewStub(channel_);
  }
  std::unique_ptr<v1::WorkerService::Stub> workers() {
    return v1::WorkerService::NewStub(channel_);
  }

  // Creates a noop job `id` and returns its name.
  std::string CreateNoop(const std::string& id);
  // Uploads `content` as file `id` in one chunk and returns the file.
  v1::File Upload(const std::string& id, const std::string& content);
  // Returns the job.
  v1::Job Get(const std::string& name);

 private:
  void WakeBatch(BatchKey batch);

  StorageRoot root_;
  FakeStore store_;
  NoMetrics metrics_;
  std::unique_ptr<ObjectStore> objects_;
  Executor blocking_{1, 2};
  BatchRunner batch_runner_;
  BatchRunner expansion_runner_;
  ScheduleRunner schedule_runner_;
  ReferenceValidator validator_;
  AnsweringTransport transport_;
  WebhookSender webhook_sender_;
  Scheduler scheduler_;
  ApiPorts ports_;
  JobService jobs_;
  BatchService batches_;
  FileService files_;
  ReferenceService references_;
  ReportService reports_;
  ScheduleService schedules_;
  AdminService admin_;
  WebhookService webhooks_;
  WorkerService workers_;
  std::unique_ptr<ServerRunner> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Calls a unary method of a stub and returns its status, as dq's clients see it.
template <typename Stub, typename Request, typename Response>
absl::Status Call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  context.AddMetadata("x-dq-user", "tester");
  return FromGrpcStatus((stub.*method)(&context, request, &response));
}

}  // namespace dq
