#include "tests/scheduler/api/api_server.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "common/base/clock.h"
#include "common/rpc/client_channel.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/batch_source.h"
#include "scheduler/api/reference_validation.h"
#include "scheduler/api/schedule_creation.h"
#include "scheduler/engine/batch_driver.h"
#include "scheduler/engine/batch_expander.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

SchedulerOptions FastOptions() {
  SchedulerOptions options;
  options.instance = "s-test";
  options.address = "127.0.0.1:0";
  options.leadership_renew_interval = absl::Milliseconds(100);
  return options;
}

}  // namespace

StorageRoot::StorageRoot() {
  std::string pattern = testing::TempDir() + "/dq-api-XXXXXX";
  path_ = ::mkdtemp(pattern.data());
}

StorageRoot::~StorageRoot() { std::filesystem::remove_all(path_); }

int StorageRoot::FileCount() const {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
    if (entry.is_regular_file()) ++count;
  }
  return count;
}

ApiServer::ApiServer(WatchLimits watch_limits)
    : store_(SystemClock()),
      objects_(*OpenFileObjectStore(root_.path())),
      batch_runner_(store_, SystemClock()),
      expansion_runner_(store_, SystemClock()),
      schedule_runner_({.end_interval = absl::Milliseconds(20)}),
      validator_(store_, store_, MakeReferenceValidation(store_, SystemClock())),
      webhook_sender_(store_, transport_, SystemClock(), metrics_),
      scheduler_(FastOptions(), store_, SystemClock(), metrics_,
                 {.ended = {},
                  .reopening = {},
                  .operation_ended = [this](BatchKey batch) { batch_runner_.Wake(batch); },
                  .announced = [this] { webhook_sender_.Wake(); }}),
      ports_{scheduler_,    store_,   store_, *objects_, blocking_,
             SystemClock(), metrics_, store_, store_},
      jobs_(ports_, watch_limits),
      batches_(
          ports_, store_, [this](BatchKey batch) { WakeBatch(batch); }, watch_limits),
      files_(ports_),
      references_(ports_, [this] { validator_.Wake(); }),
      reports_(ports_),
      schedules_(ports_, store_, [this] { schedule_runner_.Wake(); }),
      admin_(ports_, store_, "s-test", "0.0.0"),
      webhooks_(ports_, store_, webhook_sender_),
      workers_(ports_) {
  server_ = *ServerRunner::Start("127.0.0.1:0",
                                 {{v1::JobService::service_full_name(), &jobs_},
                                  {v1::BatchService::service_full_name(), &batches_},
                                  {v1::FileService::service_full_name(), &files_},
                                  {v1::ReferenceService::service_full_name(), &references_},
                                  {v1::ReportService::service_full_name(), &reports_},
                                  {v1::ScheduleService::service_full_name(), &schedules_},
                                  {v1::AdminService::service_full_name(), &admin_},
                                  {v1::WebhookService::service_full_name(), &webhooks_},
                                  {v1::WorkerService::service_full_name(), &workers_}});
  channel_ = *MakeClientChannel("127.0.0.1:" + std::to_string(server_->port()));
  scheduler_.Start();
  EXPECT_TRUE(WaitUntil([this] { return scheduler_.IsServing(); }));
  const auto make = [this](const BatchRecord& batch, const BatchOperation& operation) {
    return MakeOperationRecord(ports_, batch, operation);
  };
  const auto read = [this](const std::vector<JobName>& names) {
    return store_.LoadJobs({}, names);
  };
  batch_runner_.Start(scheduler_,
                      std::make_unique<BatchDriver>(scheduler_, read, store_, make, SystemClock(),
                                                    [this] { webhook_sender_.Wake(); }));
  expansion_runner_.Start(scheduler_,
                          std::make_unique<BatchExpander>(
                              store_, MakeSourceOpener(*objects_, SystemClock()), SystemClock(),
                              [this](BatchKey batch) { batch_runner_.Wake(batch); }));
  const auto run = [this](const ScheduleRecord& schedule, const ScheduleRun& one,
                          const std::string& id) {
    return MakeRunRecord(ports_, schedule, one, id);
  };
  const ScheduleDriver::Ports ports = {
      scheduler_, store_, store_, SystemClock(), [this](BatchKey batch) { WakeBatch(batch); },
      metrics_};
  schedule_runner_.Start(scheduler_, std::make_unique<ScheduleDriver>(ports, run));
  webhook_sender_.Start([this] { return scheduler_.IsServing(); });
}

ApiServer::~ApiServer() {
  jobs_.Drain();
  batches_.Drain();
  admin_.Drain();
  schedule_runner_.Stop();
  expansion_runner_.Stop();
  batch_runner_.Stop();
  validator_.Stop();
  scheduler_.Stop();
  webhook_sender_.Stop();
  server_->Shutdown(absl::Seconds(5));
  blocking_.Shutdown();
}

void ApiServer::WakeBatch(BatchKey batch) {
  expansion_runner_.Wake(batch);
  batch_runner_.Wake(batch);
}

std::string ApiServer::CreateNoop(const std::string& id) {
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  request.set_job_id(id);
  request.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  v1::CreateJobResponse response;
  const absl::Status status = Call(*jobs(), &v1::JobService::Stub::CreateJob, request, response);
  EXPECT_TRUE(status.ok()) << status;
  return response.job().name();
}

v1::File ApiServer::Upload(const std::string& id, const std::string& content) {
  grpc::ClientContext context;
  v1::UploadFileResponse response;
  const auto writer = files()->UploadFile(&context, &response);
  v1::UploadFileRequest message;
  message.mutable_header()->set_parent("projects/default");
  message.mutable_header()->set_file_id(id);
  message.mutable_header()->set_display_name(id + ".csv");
  writer->Write(message);
  message.set_chunk(content);
  writer->Write(message);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.file();
}

v1::Job ApiServer::Get(const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  v1::GetJobResponse response;
  const absl::Status status = Call(*jobs(), &v1::JobService::Stub::GetJob, request, response);
  EXPECT_TRUE(status.ok()) << status;
  return response.job();
}

}  // namespace dq
