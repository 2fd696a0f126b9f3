// The public API as blocking calls: deadlines, safe repeats, typed errors. The only part of dqctl
// that knows gRPC: what is behind it is in client_call.h. Thread-safe.
//
// A call that meets UNAVAILABLE or QUEUE_FULL is repeated with backoff for as long as ClientOptions
// say: every call here may be repeated, because creating calls carry a request_id. Then the error
// is SCHEDULER_UNREACHABLE or what the scheduler said. Ctrl-C ends every call with INTERRUPTED.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/admin_service.pb.h"
#include "dq/v1/batch_service.pb.h"
#include "dq/v1/file_service.pb.h"
#include "dq/v1/job_service.pb.h"
#include "dq/v1/reference_service.pb.h"
#include "dq/v1/report_service.pb.h"
#include "dq/v1/schedule_service.pb.h"
#include "dq/v1/webhook_service.pb.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/interrupt.h"
#include "scheduler/dqctl/submission.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace dq::dqctl {

struct ClientOptions {
  absl::Duration connect_timeout = absl::Seconds(3);  // Of the first connection.
  absl::Duration call_timeout = absl::Seconds(30);    // Of one unary call.
  absl::Duration retry_for = absl::Seconds(15);       // How long after a refusal to try again.
};

class Client {
 public:
  // Connects to "host:port". UNAVAILABLE SCHEDULER_UNREACHABLE when nobody answers in time.
  // `interrupt` outlives the client.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& address,
                                                         const ClientOptions& options,
                                                         Interrupt& interrupt);
  ~Client();

  const std::string& address() const;

  absl::StatusOr<dq::v1::CreateJobResponse> CreateJob(const dq::v1::CreateJobRequest& request);
  absl::StatusOr<dq::v1::Job> GetJob(const std::string& name);
  absl::StatusOr<dq::v1::ListJobsResponse> ListJobs(const dq::v1::ListJobsRequest& request);
  absl::StatusOr<dq::v1::Job> ActOnJob(JobActionCommand::Kind kind, const std::string& name,
                                       const std::string& reason);
  absl::StatusOr<dq::v1::ListJobEventsResponse> ListJobEvents(
      const dq::v1::ListJobEventsRequest& request);
  // What is too large for one message goes as a stream.
  absl::StatusOr<dq::v1::CreateBatchResponse> CreateBatch(
      const dq::v1::CreateBatchRequest& request);
  absl::StatusOr<dq::v1::Batch> GetBatch(const std::string& name);
  absl::StatusOr<dq::v1::ListBatchesResponse> ListBatches(
      const dq::v1::ListBatchesRequest& request);
  absl::StatusOr<dq::v1::Batch> ActOnBatch(BatchActionCommand::Kind kind, const std::string& name,
                                           const std::string& reason, const std::string& etag);
  absl::StatusOr<dq::v1::CreateScheduleResponse> CreateSchedule(
      const dq::v1::CreateScheduleRequest& request);
  absl::StatusOr<dq::v1::Schedule> GetSchedule(const std::string& name);
  absl::StatusOr<dq::v1::ListSchedulesResponse> ListSchedules(
      const dq::v1::ListSchedulesRequest& request);
  absl::StatusOr<dq::v1::Schedule> UpdateSchedule(const dq::v1::UpdateScheduleRequest& request);
  absl::Status DeleteSchedule(const std::string& name);
  absl::StatusOr<dq::v1::TriggerScheduleResponse> TriggerSchedule(
      const dq::v1::TriggerScheduleRequest& request);
  absl::StatusOr<dq::v1::File> GetFile(const std::string& name);
  absl::StatusOr<dq::v1::ListFilesResponse> ListFiles(const dq::v1::ListFilesRequest& request);
  absl::StatusOr<dq::v1::RegisterFileResponse> RegisterFile(
      const dq::v1::RegisterFileRequest& request);
  absl::StatusOr<dq::v1::DeleteJobResponse> DeleteJob(const dq::v1::DeleteJobRequest& request);
  absl::StatusOr<dq::v1::DeleteBatchResponse> DeleteBatch(
      const dq::v1::DeleteBatchRequest& request);
  absl::StatusOr<dq::v1::DeleteFileResponse> DeleteFile(const dq::v1::DeleteFileRequest& request);
  absl::StatusOr<dq::v1::CreateReferenceResponse> CreateReference(
      const dq::v1::CreateReferenceRequest& request);
  absl::StatusOr<dq::v1::GetReferenceResponse> GetReference(
      const dq::v1::GetReferenceRequest& request);
  absl::StatusOr<dq::v1::UpdateReferenceResponse> UpdateReference(
      const dq::v1::UpdateReferenceRequest& request);
  absl::StatusOr<dq::v1::DeleteReferenceResponse> DeleteReference(
      const dq::v1::DeleteReferenceRequest& request);
  absl::StatusOr<dq::v1::ListReferencesResponse> ListReferences(
      const dq::v1::ListReferencesRequest& request);
  absl::StatusOr<dq::v1::Report> GetReport(const std::string& name);
  absl::StatusOr<dq::v1::ListFindingsResponse> ListFindings(
      const dq::v1::ListFindingsRequest& request);
  absl::StatusOr<dq::v1::ListDuplicateClustersResponse> ListDuplicateClusters(
      const dq::v1::ListDuplicateClustersRequest& request);
  absl::StatusOr<dq::v1::ListChangesResponse> ListChanges(
      const dq::v1::ListChangesRequest& request);
  absl::StatusOr<dq::v1::ListColumnReportsResponse> ListColumnReports(
      const dq::v1::ListColumnReportsRequest& request);
  absl::StatusOr<dq::v1::GetStatsResponse> GetStats();
  absl::StatusOr<dq::v1::ListQueuesResponse> ListQueues(const dq::v1::ListQueuesRequest& request);
  absl::StatusOr<dq::v1::Queue> UpdateQueue(const dq::v1::Queue& queue);
  absl::StatusOr<dq::v1::ListProjectsResponse> ListProjects(
      const dq::v1::ListProjectsRequest& request);
  absl::StatusOr<dq::v1::Project> UpdateProject(const dq::v1::Project& project);
  absl::StatusOr<dq::v1::ListWorkersResponse> ListWorkers(
      const dq::v1::ListWorkersRequest& request);
  absl::StatusOr<dq::v1::Worker> DrainWorker(WorkerDrainCommand::Kind kind, const std::string& name,
                                             const std::string& reason);
  absl::StatusOr<dq::v1::GetConcurrencyResponse> GetConcurrency(
      const dq::v1::GetConcurrencyRequest& request);
  absl::StatusOr<dq::v1::ListStuckJobsResponse> ListStuckJobs(
      const dq::v1::ListStuckJobsRequest& request);
  absl::StatusOr<dq::v1::RecoverJobsResponse> RecoverJobs(
      const dq::v1::RecoverJobsRequest& request);
  absl::StatusOr<dq::v1::BulkActOnJobsResponse> BulkActOnJobs(
      const dq::v1::BulkActOnJobsRequest& request);
  absl::StatusOr<dq::v1::CreateWebhookResponse> CreateWebhook(
      const dq::v1::CreateWebhookRequest& request);
  absl::StatusOr<dq::v1::ListWebhooksResponse> ListWebhooks(
      const dq::v1::ListWebhooksRequest& request);
  absl::StatusOr<dq::v1::Webhook> EnableWebhook(const std::string& name);
  absl::Status DeleteWebhook(const std::string& name);
  absl::StatusOr<dq::v1::TestWebhookResponse> TestWebhook(const std::string& name);
  absl::StatusOr<dq::v1::ListDeliveriesResponse> ListDeliveries(
      const dq::v1::ListDeliveriesRequest& request);
  absl::StatusOr<dq::v1::WebhookDelivery> ResendDelivery(const std::string& name);
  // Returns the health of the whole server, for example "SERVING".
  absl::StatusOr<std::string> CheckHealth();

  // Runs one stream of WatchJobs until it ends or until `on_message` returns false, which is OK.
  // Not repeated: a broken stream is its error. Ends with DEADLINE_EXCEEDED at `deadline`.
  absl::Status WatchJobs(const dq::v1::WatchJobsRequest& request, absl::Time deadline,
                         const std::function<bool(const dq::v1::WatchJobsResponse&)>& on_message);

  // Streams the messages that `source` has until it has none, a few before their answers;
  // calls `answered` for each in order. After UNAVAILABLE those without an answer are sent again on
  // a new stream: every request needs a request_id. So are jobs that were refused with QUEUE_FULL,
  // after a wait of which `waiting` is told with how many they are; that ends with QUEUE_FULL once
  // nothing was accepted for as long as ClientOptions say. A source that fails ends it with its
  // error, once what was sent is answered.
  absl::Status SubmitJobs(const MessageSource& source, const AnswerSink& answered,
                          const std::function<void(int64_t jobs)>& waiting);

  // Uploads once: the header, then what `next_chunk` returns (at most 1 MiB each) until it returns
  // nothing. Not repeated. A chunk source that fails ends the upload with its error.
  using ChunkSource = std::function<absl::StatusOr<std::optional<std::string>>()>;
  absl::StatusOr<dq::v1::UploadFileResponse> UploadFile(const dq::v1::UploadHeader& header,
                                                        const ChunkSource& next_chunk);

  // Streams a file's bytes from `offset` into `sink` once, not repeated. A sink that fails ends the
  // download with its error.
  absl::Status DownloadFile(const std::string& name, int64_t offset,
                            const std::function<absl::Status(std::string_view)>& sink);

  // Calls `once` until it answers something else than UNAVAILABLE or QUEUE_FULL, as unary calls do.
  absl::Status Repeat(const std::function<absl::Status()>& once);

 private:
  struct Stubs;
  Client(std::string address, const ClientOptions& options, Interrupt& interrupt,
         std::unique_ptr<Stubs> stubs);

  // Sends what has no answer on one stream, and then more of the source.
  absl::Status SubmitOnce(Submission& submission);

  // Calls a unary method of a stub, repeated as the head of this file says.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request);

  const std::string address_;
  const ClientOptions options_;
  Interrupt& interrupt_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace dq::dqctl
