#include "scheduler/dqctl/client.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/base/backoff.h"
#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/rpc/client_channel.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/dqctl/client_call.h"

namespace dq::dqctl {
namespace {

constexpr absl::Duration kRetryFirst = absl::Milliseconds(100);
constexpr absl::Duration kRetryCap = absl::Seconds(2);

constexpr char kQueueFull[] = "QUEUE_FULL";
constexpr size_t kMessagesInFlight = 4;  // Of SubmitJobs: fewer than the server lets wait.

absl::Status Unreachable(const std::string& address, std::string_view why) {
  return MakeError(
      absl::StatusCode::kUnavailable, "SCHEDULER_UNREACHABLE",
      "no scheduler answers at " + address + (why.empty() ? "" : ": ") + std::string(why));
}

// A call that reaches a scheduler while it closes its port is handed to nobody, and gRPC says
// CANCELLED, which otherwise only this program causes: by an interrupt, which is asked for first.
absl::Status AsDropped(const absl::Status& status) {
  const bool dropped = absl::IsCancelled(status) && ReasonOf(status).empty();
  return dropped ? absl::UnavailableError(status.message()) : status;
}

// Whether the same call may succeed a little later.
bool IsForNow(const absl::Status& status) {
  return absl::IsUnavailable(status) || ReasonOf(status) == kQueueFull;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const std::string& address,
                                                        const ClientOptions& options,
                                                        Interrupt& interrupt) {
  DQ_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, MakeClientChannel(address));
  const absl::Time deadline = absl::Now() + options.connect_timeout;
  while (absl::Now() < deadline) {
    if (interrupt.triggered()) return InterruptedError();
    const absl::Time slice = std::min(deadline, absl::Now() + absl::Milliseconds(100));
    if (channel->WaitForConnected(absl::ToChronoTime(slice))) {
      return std::unique_ptr<Client>(
          new Client(address, options, interrupt, std::make_unique<Stubs>(channel)));
    }
  }
  return Unreachable(address, "");
}

Client::Client(std::string address, const ClientOptions& options, Interrupt& interrupt,
               std::unique_ptr<Stubs> stubs)
    : address_(std::move(address)),
      options_(options),
      interrupt_(interrupt),
      stubs_(std::move(stubs)) {}

Client::~Client() = default;

const std::string& Client::address() const { return address_; }

absl::Status Client::Repeat(const std::function<absl::Status()>& once) {
  absl::Time give_up = absl::InfinitePast();
  Backoff backoff(kRetryFirst, kRetryCap, RandomUniform);
  while (true) {
    const absl::Time started = absl::Now();
    const absl::Status status = AsDropped(once());
    if (interrupt_.triggered()) return InterruptedError();
    if (!IsForNow(status)) return status;
    // An upload that ran for an hour before it broke deserves as many tries as a call that broke at
    // once.
    if (give_up == absl::InfinitePast() || absl::Now() - started > options_.retry_for) {
      give_up = absl::Now() + options_.retry_for;
    }
    const absl::Duration wait =
        std::max(backoff.Next(), RetryDelayOf(status).value_or(absl::ZeroDuration()));
    if (absl::Now() + wait > give_up) {
      // A reason means that a scheduler is there and says why it cannot.
      return ReasonOf(status).empty() ? Unreachable(address_, MessageOf(status)) : status;
    }
    if (interrupt_.Sleep(wait)) return InterruptedError();
  }
}

absl::StatusOr<dq::v1::CreateJobResponse> Client::CreateJob(
    const dq::v1::CreateJobRequest& request) {
  return Call(*stubs_->job, &dq::v1::JobService::Stub::CreateJob, request);
}

absl::StatusOr<dq::v1::Job> Client::GetJob(const std::string& name) {
  dq::v1::GetJobRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->job, &dq::v1::JobService::Stub::GetJob, request));
  return std::move(*response.mutable_job());
}

absl::StatusOr<dq::v1::ListJobsResponse> Client::ListJobs(const dq::v1::ListJobsRequest& request) {
  return Call(*stubs_->job, &dq::v1::JobService::Stub::ListJobs, request);
}

absl::StatusOr<dq::v1::Job> Client::ActOnJob(JobActionCommand::Kind kind, const std::string& name,
                                             const std::string& reason) {
  const auto act = [&](auto request, auto method) -> absl::StatusOr<dq::v1::Job> {
    request.set_name(name);
    request.set_reason(reason);
    DQ_ASSIGN_OR_RETURN(auto response, Call(*stubs_->job, method, request));
    return std::move(*response.mutable_job());
  };
  using Stub = dq::v1::JobService::Stub;
  switch (kind) {
    case JobActionCommand::Kind::kCancel:
      return act(dq::v1::CancelJobRequest(), &Stub::CancelJob);
    case JobActionCommand::Kind::kPause:
      return act(dq::v1::PauseJobRequest(), &Stub::PauseJob);
    case JobActionCommand::Kind::kResume:
      return act(dq::v1::ResumeJobRequest(), &Stub::ResumeJob);
    case JobActionCommand::Kind::kRetry:
    case JobActionCommand::Kind::kRetryFromStart: {
      // Says which end is meant: a repetition after a lost answer must not undo a later one.
      DQ_ASSIGN_OR_RETURN(const dq::v1::Job job, GetJob(name));
      dq::v1::RetryJobRequest request;
      request.set_etag(job.etag());
      request.set_from_start(kind == JobActionCommand::Kind::kRetryFromStart);
      return act(request, &Stub::RetryJob);
    }
  }
  return absl::InternalError("no such action");
}

absl::StatusOr<dq::v1::ListJobEventsResponse> Client::ListJobEvents(
    const dq::v1::ListJobEventsRequest& request) {
  return Call(*stubs_->job, &dq::v1::JobService::Stub::ListJobEvents, request);
}

absl::StatusOr<dq::v1::File> Client::GetFile(const std::string& name) {
  dq::v1::GetFileRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->file, &dq::v1::FileService::Stub::GetFile, request));
  return std::move(*response.mutable_file());
}

absl::StatusOr<dq::v1::ListFilesResponse> Client::ListFiles(
    const dq::v1::ListFilesRequest& request) {
  return Call(*stubs_->file, &dq::v1::FileService::Stub::ListFiles, request);
}

absl::StatusOr<dq::v1::RegisterFileResponse> Client::RegisterFile(
    const dq::v1::RegisterFileRequest& request) {
  return Call(*stubs_->file, &dq::v1::FileService::Stub::RegisterFile, request);
}

absl::StatusOr<dq::v1::DeleteJobResponse> Client::DeleteJob(
    const dq::v1::DeleteJobRequest& request) {
  return Call(*stubs_->job, &dq::v1::JobService::Stub::DeleteJob, request);
}

absl::StatusOr<dq::v1::DeleteBatchResponse> Client::DeleteBatch(
    const dq::v1::DeleteBatchRequest& request) {
  return Call(*stubs_->batch, &dq::v1::BatchService::Stub::DeleteBatch, request);
}

absl::StatusOr<dq::v1::DeleteFileResponse> Client::DeleteFile(
    const dq::v1::DeleteFileRequest& request) {
  return Call(*stubs_->file, &dq::v1::FileService::Stub::DeleteFile, request);
}

absl::StatusOr<dq::v1::CreateReferenceResponse> Client::CreateReference(
    const dq::v1::CreateReferenceRequest& request) {
  return Call(*stubs_->reference, &dq::v1::ReferenceService::Stub::CreateReference, request);
}

absl::StatusOr<dq::v1::GetReferenceResponse> Client::GetReference(
    const dq::v1::GetReferenceRequest& request) {
  return Call(*stubs_->reference, &dq::v1::ReferenceService::Stub::GetReference, request);
}

absl::StatusOr<dq::v1::UpdateReferenceResponse> Client::UpdateReference(
    const dq::v1::UpdateReferenceRequest& request) {
  return Call(*stubs_->reference, &dq::v1::ReferenceService::Stub::UpdateReference, request);
}

absl::StatusOr<dq::v1::DeleteReferenceResponse> Client::DeleteReference(
    const dq::v1::DeleteReferenceRequest& request) {
  return Call(*stubs_->reference, &dq::v1::ReferenceService::Stub::DeleteReference, request);
}

absl::StatusOr<dq::v1::ListReferencesResponse> Client::ListReferences(
    const dq::v1::ListReferencesRequest& request) {
  return Call(*stubs_->reference, &dq::v1::ReferenceService::Stub::ListReferences, request);
}

absl::StatusOr<dq::v1::Report> Client::GetReport(const std::string& name) {
  dq::v1::GetReportRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->report, &dq::v1::ReportService::Stub::GetReport, request));
  return std::move(*response.mutable_report());
}

absl::StatusOr<dq::v1::ListFindingsResponse> Client::ListFindings(
    const dq::v1::ListFindingsRequest& request) {
  return Call(*stubs_->report, &dq::v1::ReportService::Stub::ListFindings, request);
}

absl::StatusOr<dq::v1::ListDuplicateClustersResponse> Client::ListDuplicateClusters(
    const dq::v1::ListDuplicateClustersRequest& request) {
  return Call(*stubs_->report, &dq::v1::ReportService::Stub::ListDuplicateClusters, request);
}

absl::StatusOr<dq::v1::ListChangesResponse> Client::ListChanges(
    const dq::v1::ListChangesRequest& request) {
  return Call(*stubs_->report, &dq::v1::ReportService::Stub::ListChanges, request);
}

absl::StatusOr<dq::v1::ListColumnReportsResponse> Client::ListColumnReports(
    const dq::v1::ListColumnReportsRequest& request) {
  return Call(*stubs_->report, &dq::v1::ReportService::Stub::ListColumnReports, request);
}

absl::StatusOr<dq::v1::GetStatsResponse> Client::GetStats() {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::GetStats, dq::v1::GetStatsRequest());
}

absl::StatusOr<dq::v1::ListQueuesResponse> Client::ListQueues(
    const dq::v1::ListQueuesRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::ListQueues, request);
}

absl::StatusOr<dq::v1::Queue> Client::UpdateQueue(const dq::v1::Queue& queue) {
  dq::v1::UpdateQueueRequest request;
  *request.mutable_queue() = queue;
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->admin, &dq::v1::AdminService::Stub::UpdateQueue, request));
  return std::move(*response.mutable_queue());
}

absl::StatusOr<dq::v1::ListProjectsResponse> Client::ListProjects(
    const dq::v1::ListProjectsRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::ListProjects, request);
}

absl::StatusOr<dq::v1::Project> Client::UpdateProject(const dq::v1::Project& project) {
  dq::v1::UpdateProjectRequest request;
  *request.mutable_project() = project;
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->admin, &dq::v1::AdminService::Stub::UpdateProject, request));
  return std::move(*response.mutable_project());
}

absl::StatusOr<dq::v1::ListWorkersResponse> Client::ListWorkers(
    const dq::v1::ListWorkersRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::ListWorkers, request);
}

absl::StatusOr<dq::v1::Worker> Client::DrainWorker(WorkerDrainCommand::Kind kind,
                                                   const std::string& name,
                                                   const std::string& reason) {
  const auto act = [&](auto request, auto method) -> absl::StatusOr<dq::v1::Worker> {
    request.set_name(name);
    request.set_reason(reason);
    DQ_ASSIGN_OR_RETURN(auto response, Call(*stubs_->admin, method, request));
    return std::move(*response.mutable_worker());
  };
  using Stub = dq::v1::AdminService::Stub;
  if (kind == WorkerDrainCommand::Kind::kUndrain) {
    return act(dq::v1::UndrainWorkerRequest(), &Stub::UndrainWorker);
  }
  return act(dq::v1::DrainWorkerRequest(), &Stub::DrainWorker);
}

absl::StatusOr<dq::v1::GetConcurrencyResponse> Client::GetConcurrency(
    const dq::v1::GetConcurrencyRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::GetConcurrency, request);
}

absl::StatusOr<dq::v1::ListStuckJobsResponse> Client::ListStuckJobs(
    const dq::v1::ListStuckJobsRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::ListStuckJobs, request);
}

absl::StatusOr<dq::v1::RecoverJobsResponse> Client::RecoverJobs(
    const dq::v1::RecoverJobsRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::RecoverJobs, request);
}

absl::StatusOr<dq::v1::BulkActOnJobsResponse> Client::BulkActOnJobs(
    const dq::v1::BulkActOnJobsRequest& request) {
  return Call(*stubs_->admin, &dq::v1::AdminService::Stub::BulkActOnJobs, request);
}

absl::StatusOr<std::string> Client::CheckHealth() {
  using grpc::health::v1::HealthCheckResponse;
  DQ_ASSIGN_OR_RETURN(const HealthCheckResponse response,
                      Call(*stubs_->health, &grpc::health::v1::Health::Stub::Check,
                           grpc::health::v1::HealthCheckRequest()));
  return HealthCheckResponse::ServingStatus_Name(response.status());
}

absl::Status Client::WatchJobs(
    const dq::v1::WatchJobsRequest& request, absl::Time deadline,
    const std::function<bool(const dq::v1::WatchJobsResponse&)>& on_message) {
  grpc::ClientContext context;
  if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
  const Interrupt::Scope scope(interrupt_, [&context] { context.TryCancel(); });
  const auto reader = stubs_->job->WatchJobs(&context, request);
  dq::v1::WatchJobsResponse message;
  bool stopped = false;
  while (!stopped && reader->Read(&message)) stopped = !on_message(message);
  if (stopped) context.TryCancel();
  const absl::Status status = FromGrpcStatus(reader->Finish());
  if (stopped) return absl::OkStatus();
  return interrupt_.triggered() ? InterruptedError() : status;
}

absl::Status Client::SubmitJobs(const MessageSource& source, const AnswerSink& answered,
                                const std::function<void(int64_t jobs)>& waiting) {
  Submission submission(source, answered);
  absl::Status status;
  int64_t decided = 0;
  do {
    decided = submission.decided();
    status = Repeat([&] {
      const absl::Status sent = SubmitOnce(submission);
      const absl::Status overload = submission.EndStream();
      const absl::Status end = sent.ok() ? overload : sent;
      if (ReasonOf(end) == kQueueFull) waiting(submission.undecided());
      return end;
    });
    // An overloaded scheduler that takes some is worth waiting for.
  } while (IsForNow(status) && submission.decided() > decided);
  DQ_RETURN_IF_ERROR(status);
  return submission.source_error();
}

absl::Status Client::SubmitOnce(Submission& submission) {
  grpc::ClientContext context;
  const Interrupt::Scope scope(interrupt_, [&context] { context.TryCancel(); });
  const auto stream = stubs_->job->SubmitJobs(&context);
  dq::v1::SubmitJobsResponse response;
  size_t sent = 0;
  bool open = true;
  while (open) {
    while (open && sent < kMessagesInFlight) {
      const dq::v1::SubmitJobsRequest* const message = submission.ToSend(sent);
      if (message == nullptr) break;
      open = stream->Write(*message);
      ++sent;
    }
    if (sent == 0) break;
    // Also after a failed write: answers may have come before.
    open = stream->Read(&response);
    if (!open) break;
    if (absl::Status matches = submission.Answer(response); !matches.ok()) {
      context.TryCancel();
      (void)stream->Finish();
      return matches;
    }
    --sent;
  }
  if (open) stream->WritesDone();
  const absl::Status status = FromGrpcStatus(stream->Finish());
  if (interrupt_.triggered()) return InterruptedError();
  if (status.ok() && !open) return absl::UnavailableError("the stream ended early");
  return status;
}

absl::StatusOr<dq::v1::UploadFileResponse> Client::UploadFile(const dq::v1::UploadHeader& header,
                                                              const ChunkSource& next_chunk) {
  grpc::ClientContext context;
  const Interrupt::Scope scope(interrupt_, [&context] { context.TryCancel(); });
  dq::v1::UploadFileResponse response;
  const auto writer = stubs_->file->UploadFile(&context, &response);
  dq::v1::UploadFileRequest message;
  *message.mutable_header() = header;
  bool open = writer->Write(message);
  while (open) {
    absl::StatusOr<std::optional<std::string>> chunk = next_chunk();
    if (!chunk.ok()) {
      context.TryCancel();
      (void)writer->Finish();
      return std::move(chunk).status();
    }
    if (!chunk->has_value()) break;
    message.set_chunk(std::move(**chunk));
    open = writer->Write(message);
  }
  if (open) writer->WritesDone();
  const absl::Status status = FromGrpcStatus(writer->Finish());
  if (interrupt_.triggered()) return InterruptedError();
  DQ_RETURN_IF_ERROR(status);
  return response;
}

absl::Status Client::DownloadFile(const std::string& name, int64_t offset,
                                  const std::function<absl::Status(std::string_view)>& sink) {
  grpc::ClientContext context;
  const Interrupt::Scope scope(interrupt_, [&context] { context.TryCancel(); });
  dq::v1::DownloadFileRequest request;
  request.set_name(name);
  request.set_offset(offset);
  const auto reader = stubs_->file->DownloadFile(&context, request);
  dq::v1::DownloadFileResponse message;
  absl::Status sunk;
  while (sunk.ok() && reader->Read(&message)) sunk = sink(message.chunk());
  if (!sunk.ok()) context.TryCancel();
  const absl::Status status = FromGrpcStatus(reader->Finish());
  if (interrupt_.triggered()) return InterruptedError();
  return sunk.ok() ? status : sunk;
}

}  // namespace dq::dqctl
