#include "tests/scheduler/dqctl/fake_scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/rpc/status_mapping.h"

namespace dq::dqctl {
namespace {

using grpc::ServerContext;
using grpc::Status;

Status NotFound(const char* reason, const std::string& name) {
  return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, reason, "no " + name));
}

}  // namespace

bool FakeScheduler::HasSubmission(const std::string& request_id) {
  return std::ranges::any_of(
      submissions_, [&](const auto& earlier) { return earlier.request_id() == request_id; });
}

const char* FakeScheduler::WhyRefused(const dq::v1::CreateJobRequest& request) {
  if (request.job().spec().queue() == "BAD") return "BAD_FIELD";
  if (jobs_taken_before_full-- == 0) jobs_refused_for_now_left_ = jobs_refused_for_now;
  if (jobs_refused_for_now_left_-- > 0) return "QUEUE_FULL";
  const auto& needed = request.job().spec().depends_on();
  const bool has_all =
      std::ranges::all_of(needed, [this](const std::string& id) { return HasSubmission(id); });
  return has_all ? "" : "DEPENDENCY_MISSING";
}

class FakeScheduler::Jobs final : public dq::v1::JobService::Service {
 public:
  explicit Jobs(FakeScheduler& fake) : fake_(fake) {}

  Status CreateJob(ServerContext*, const dq::v1::CreateJobRequest* request,
                   dq::v1::CreateJobResponse* response) override {
    MutexLock lock(fake_.mutex_);
    fake_.submissions_.push_back(*request);
    if (request->job().spec().queue() == "BAD") {
      return ToGrpcStatus(FieldError(
          "BAD_FIELD", {{"job.spec.queue", "an id"}, {"job.spec.priority", "at most 100"}}));
    }
    if (fake_.lost_answers-- > 0) return Status(fake_.lost_answer_code, "answer lost");
    *response->mutable_job() = fake_.job;
    *response->mutable_job()->mutable_spec() = request->job().spec();
    return Status::OK;
  }

  // Answers every job with a name of its request id, which others may depend on; one in the queue
  // BAD is refused. The message that meets the break is created and not answered.
  Status SubmitJobs(ServerContext*,
                    grpc::ServerReaderWriter<dq::v1::SubmitJobsResponse, dq::v1::SubmitJobsRequest>*
                        stream) override {
    dq::v1::SubmitJobsRequest message;
    while (stream->Read(&message)) {
      dq::v1::SubmitJobsResponse response;
      MutexLock lock(fake_.mutex_);
      for (const dq::v1::CreateJobRequest& request : message.requests()) {
        dq::v1::BatchCreateJobsResult& result = *response.add_results();
        if (const char* reason = fake_.WhyRefused(request); *reason != '\0') {
          result.mutable_error()->set_reason(reason);
          continue;
        }
        result.set_name(message.parent() + "/jobs/" + request.request_id());
        result.set_existed(fake_.HasSubmission(request.request_id()));
        fake_.submissions_.push_back(request);
      }
      if (fake_.submit_breaks_after-- == 0) return Status(grpc::StatusCode::UNAVAILABLE, "broken");
      stream->Write(response);
    }
    return Status::OK;
  }

  Status GetJob(ServerContext*, const dq::v1::GetJobRequest* request,
                dq::v1::GetJobResponse* response) override {
    if (request->name() != fake_.job.name()) return NotFound("JOB_NOT_FOUND", request->name());
    *response->mutable_job() = fake_.job;
    return Status::OK;
  }

  Status ListJobs(ServerContext*, const dq::v1::ListJobsRequest* request,
                  dq::v1::ListJobsResponse* response) override {
    // Three pages of two jobs each.
    const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    for (int i = 0; i < 2; ++i) {
      response->add_jobs()->set_name("projects/default/jobs/j-" + std::to_string(page * 2 + i));
    }
    if (page < 2) response->set_next_page_token(std::to_string(page + 1));
    return Status::OK;
  }

  Status WatchJobs(ServerContext* context, const dq::v1::WatchJobsRequest* request,
                   grpc::ServerWriter<dq::v1::WatchJobsResponse>* writer) override {
    int number = 0;
    {
      MutexLock lock(fake_.mutex_);
      number = ++fake_.watches_;
    }
    return fake_.watch(number, *request, *context, *writer);
  }

 private:
  FakeScheduler& fake_;
};

class FakeScheduler::Files final : public dq::v1::FileService::Service {
 public:
  explicit Files(FakeScheduler& fake) : fake_(fake) {}

  Status UploadFile(ServerContext*, grpc::ServerReader<dq::v1::UploadFileRequest>* reader,
                    dq::v1::UploadFileResponse* response) override {
    dq::v1::UploadFileRequest message;
    reader->Read(&message);
    const dq::v1::UploadHeader header = message.header();
    std::string bytes;
    while (reader->Read(&message)) bytes += message.chunk();
    EXPECT_EQ(header.sha256(), Sha256Of(bytes));
    *response->mutable_file() = fake_.AddFile("f-" + header.request_id(), bytes);
    return Status::OK;
  }

  Status GetFile(ServerContext*, const dq::v1::GetFileRequest* request,
                 dq::v1::GetFileResponse* response) override {
    const std::string bytes = fake_.BytesOf(request->name());
    if (bytes.empty()) return NotFound("FILE_NOT_FOUND", request->name());
    response->mutable_file()->set_name(request->name());
    response->mutable_file()->set_sha256(Sha256Of(bytes));
    return Status::OK;
  }

  // A file that a reference names stays.
  Status DeleteFile(ServerContext*, const dq::v1::DeleteFileRequest* request,
                    dq::v1::DeleteFileResponse*) override {
    MutexLock lock(fake_.mutex_);
    if (!fake_.references_.empty()) {
      return ToGrpcStatus(MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE", "named"));
    }
    fake_.bytes_.erase(request->name());
    return Status::OK;
  }

  Status DownloadFile(ServerContext*, const dq::v1::DownloadFileRequest* request,
                      grpc::ServerWriter<dq::v1::DownloadFileResponse>* writer) override {
    const std::string bytes = fake_.BytesOf(request->name());
    int64_t end = static_cast<int64_t>(bytes.size());
    bool breaks = false;
    {
      MutexLock lock(fake_.mutex_);
      breaks = fake_.downloads_++ == 0 && fake_.download_breaks_after >= 0;
      if (breaks) end = fake_.download_breaks_after;
    }
    for (int64_t at = request->offset(); at < end; at += 3) {
      dq::v1::DownloadFileResponse message;
      message.set_chunk(bytes.substr(static_cast<size_t>(at),
                                     static_cast<size_t>(std::min<int64_t>(3, end - at))));
      writer->Write(message);
    }
    return breaks ? Status(grpc::StatusCode::UNAVAILABLE, "broken") : Status::OK;
  }

 private:
  FakeScheduler& fake_;
};

class FakeScheduler::Others final : public dq::v1::ReferenceService::Service {
 public:
  explicit Others(FakeScheduler& fake) : report(fake), fake_(fake) {}

  Status CreateReference(ServerContext*, const dq::v1::CreateReferenceRequest* request,
                         dq::v1::CreateReferenceResponse* response) override {
    *response->mutable_reference() = request->reference();
    response->mutable_reference()->set_name(request->parent() + "/references/r-1");
    MutexLock lock(fake_.mutex_);
    fake_.references_.insert(response->reference().name());
    return Status::OK;
  }

  Status DeleteReference(ServerContext*, const dq::v1::DeleteReferenceRequest* request,
                         dq::v1::DeleteReferenceResponse*) override {
    MutexLock lock(fake_.mutex_);
    fake_.references_.erase(request->name());
    return Status::OK;
  }

  class Report final : public dq::v1::ReportService::Service {
   public:
    explicit Report(FakeScheduler& fake) : fake_(fake) {}
    Status GetReport(ServerContext*, const dq::v1::GetReportRequest*,
                     dq::v1::GetReportResponse* response) override {
      *response->mutable_report() = fake_.report;
      return Status::OK;
    }

   private:
    FakeScheduler& fake_;
  };

  class Admin final : public dq::v1::AdminService::Service {
    Status GetStats(ServerContext*, const dq::v1::GetStatsRequest*,
                    dq::v1::GetStatsResponse* response) override {
      response->set_workers(1);
      response->set_slots(2);
      response->set_version("0.1.0");
      return Status::OK;
    }
    Status ListWorkers(ServerContext*, const dq::v1::ListWorkersRequest*,
                       dq::v1::ListWorkersResponse*) override {
      return Status(grpc::StatusCode::PERMISSION_DENIED, "operators only");
    }
  };

  Report report;
  Admin admin;

 private:
  FakeScheduler& fake_;
};

FakeScheduler::FakeScheduler(int port, WatchScript script)
    : watch(std::move(script)),
      jobs_(std::make_unique<Jobs>(*this)),
      files_(std::make_unique<Files>(*this)),
      others_(std::make_unique<Others>(*this)) {
  job.set_name("projects/default/jobs/j-1");
  auto server = ServerRunner::Start("127.0.0.1:" + std::to_string(port),
                                    {{dq::v1::JobService::service_full_name(), jobs_.get()},
                                     {dq::v1::FileService::service_full_name(), files_.get()},
                                     {dq::v1::ReferenceService::service_full_name(), others_.get()},
                                     {dq::v1::ReportService::service_full_name(), &others_->report},
                                     {dq::v1::AdminService::service_full_name(), &others_->admin}});
  EXPECT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  server_->SetServing(true);
}

FakeScheduler::~FakeScheduler() { server_->Shutdown(absl::ZeroDuration()); }

dq::v1::File FakeScheduler::AddFile(const std::string& id, const std::string& bytes) {
  dq::v1::File file;
  file.set_name("projects/default/files/" + id);
  file.set_display_name(id);
  file.set_size_bytes(static_cast<int64_t>(bytes.size()));
  file.set_sha256(Sha256Of(bytes));
  MutexLock lock(mutex_);
  bytes_[file.name()] = bytes;
  return file;
}

std::string FakeScheduler::BytesOf(const std::string& name) {
  MutexLock lock(mutex_);
  return bytes_[name];
}

std::vector<std::string> FakeScheduler::Resources() {
  MutexLock lock(mutex_);
  std::vector<std::string> names(references_.begin(), references_.end());
  for (const auto& [name, bytes] : bytes_) names.push_back(name);
  return names;
}

int FakeScheduler::watches() {
  MutexLock lock(mutex_);
  return watches_;
}

std::vector<dq::v1::CreateJobRequest> FakeScheduler::submissions() {
  MutexLock lock(mutex_);
  return submissions_;
}

dq::v1::WatchJobsResponse Update(const dq::v1::Job& job) {
  dq::v1::WatchJobsResponse message;
  *message.mutable_job() = job;
  return message;
}

dq::v1::WatchJobsResponse Bookmark(const std::string& token) {
  dq::v1::WatchJobsResponse message;
  message.mutable_bookmark()->set_resume_token(token);
  return message;
}

}  // namespace dq::dqctl
