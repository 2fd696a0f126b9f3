#include "tests/bench/queue_load/submit.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "dq/v1/job_service.grpc.pb.h"

namespace dq::bench {
namespace {

constexpr int kStreamMessagesInFlight = 2;

// Callers that create one job after the other, each waiting for its answer, until `jobs` were
// acknowledged. One thread serves all of them, so that they cost the server's cores little.
class Submitter {
 public:
  Submitter(v1::JobService::Stub* stub, int jobs) : stub_(stub), left_(jobs) {}

  void Run(int callers) {
    std::vector<std::unique_ptr<Caller>> all;
    for (int i = 0; i < callers; ++i) {
      all.push_back(std::make_unique<Caller>());
      Next(*all.back());
    }
    void* tag = nullptr;
    bool ok = false;
    while (open_ > 0 && answers_.Next(&tag, &ok)) {
      --open_;
      Caller& caller = *static_cast<Caller*>(tag);
      if (!caller.status.ok()) Die("CreateJob", caller.status);
      Next(caller);
    }
    answers_.Shutdown();
  }

 private:
  struct Caller {
    const v1::CreateJobRequest request = NoopJob(0);
    v1::CreateJobResponse response;
    grpc::Status status;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CreateJobResponse>> call;
  };

  void Next(Caller& caller) {
    if (left_ == 0) return;
    --left_;
    ++open_;
    caller.call.reset();  // Lives in memory of the context.
    caller.context.emplace();
    caller.call = stub_->AsyncCreateJob(&*caller.context, caller.request, &answers_);
    caller.call->Finish(&caller.response, &caller.status, &caller);
  }

  v1::JobService::Stub* const stub_;
  grpc::CompletionQueue answers_;
  int left_;
  int open_ = 0;
};

template <typename Response>
void CheckEach(const Response& response) {
  for (const v1::BatchCreateJobsResult& result : response.results()) {
    if (result.has_error()) Die(result.error().reason().c_str(), grpc::Status::OK);
  }
}

// As BatchCreateJobsRequest or as a message of SubmitJobs.
template <typename Request>
Request BulkRequest(int64_t duration_ms) {
  Request request;
  request.set_parent(kProject);
  for (int i = 0; i < kBulkJobs; ++i) *request.add_requests() = NoopJob(duration_ms);
  return request;
}

// Runs `submit` in so many threads.
template <typename Submit>
void RunCallers(int callers, Submit submit) {
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) threads.emplace_back(submit);
  for (std::thread& thread : threads) thread.join();
}

// Sends messages while `left` says so, and reads an answer for each.
void RunStream(v1::JobService::Stub* stub, const v1::SubmitJobsRequest& request,
               std::atomic<int>& left) {
  grpc::ClientContext context;
  const auto stream = stub->SubmitJobs(&context);
  v1::SubmitJobsResponse response;
  int waiting = 0;
  do {
    while (waiting < kStreamMessagesInFlight && left-- > 0) {
      if (!stream->Write(request)) Die("SubmitJobs", stream->Finish());
      ++waiting;
    }
    if (waiting == 0) break;
    if (!stream->Read(&response)) Die("SubmitJobs", stream->Finish());
    CheckEach(response);
  } while (--waiting > 0 || left > 0);
  stream->WritesDone();
  if (const grpc::Status status = stream->Finish(); !status.ok()) Die("SubmitJobs", status);
}

}  // namespace

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void Die(const char* what, const grpc::Status& status) {
  std::fprintf(stderr, "queue_load: %s: %s\n", what, status.error_message().c_str());
  std::_Exit(1);  // Other threads may still be at work.
}

v1::CreateJobRequest NoopJob(int64_t duration_ms) {
  v1::CreateJobRequest request;
  request.set_parent(kProject);
  request.mutable_job()->mutable_spec()->add_stages()->mutable_noop()->set_duration_ms(duration_ms);
  return request;
}

void SubmitSingly(const Channel& channel, int jobs, int outstanding) {
  const auto stub = v1::JobService::NewStub(channel);
  Submitter(stub.get(), jobs).Run(outstanding);
}

void SubmitInBulk(const Channel& channel, int calls, int outstanding, int64_t duration_ms) {
  const auto stub = v1::JobService::NewStub(channel);
  const auto request = BulkRequest<v1::BatchCreateJobsRequest>(duration_ms);
  std::atomic<int> left = calls;
  RunCallers(outstanding, [&] {
    while (left-- > 0) {
      grpc::ClientContext context;
      v1::BatchCreateJobsResponse response;
      const grpc::Status status = stub->BatchCreateJobs(&context, request, &response);
      if (!status.ok()) Die("BatchCreateJobs", status);
      CheckEach(response);
    }
  });
}

void SubmitStreamed(const Channel& channel, int messages, int streams) {
  const auto stub = v1::JobService::NewStub(channel);
  const auto request = BulkRequest<v1::SubmitJobsRequest>(0);
  std::atomic<int> left = messages;
  RunCallers(streams, [&] { RunStream(stub.get(), request, left); });
}

}  // namespace dq::bench
