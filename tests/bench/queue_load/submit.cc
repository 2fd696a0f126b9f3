#include "tests/bench/queue_load/submit.h"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "dq/v1/job_service.grpc.pb.h"

namespace dq::bench {
namespace {

// Keeps `outstanding` CreateJob calls in flight until `jobs` were acknowledged.
class Submitter {
 public:
  Submitter(v1::JobService::Stub* stub, int jobs) : stub_(stub), left_(jobs), open_(jobs) {}

  void Run(int outstanding) {
    for (int i = 0; i < outstanding; ++i) Next();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return open_ == 0; });
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::CreateJobRequest request = NoopJob(0);
    v1::CreateJobResponse response;
  };

  void Next() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (left_ == 0) return;
      --left_;
    }
    auto call = std::make_shared<Call>();
    stub_->async()->CreateJob(&call->context, &call->request, &call->response,
                              [this, call](const grpc::Status& status) {
                                if (!status.ok()) Die("CreateJob", status);
                                Next();
                                std::lock_guard<std::mutex> lock(mutex_);
                                if (--open_ == 0) done_.notify_all();
                              });
  }

  v1::JobService::Stub* const stub_;
  std::mutex mutex_;
  std::condition_variable done_;
  int left_;
  int open_;
};

void CheckEach(const v1::BatchCreateJobsResponse& response) {
  for (const v1::BatchCreateJobsResult& result : response.results()) {
    if (result.has_error()) Die(result.error().reason().c_str(), grpc::Status::OK);
  }
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
  v1::BatchCreateJobsRequest request;
  request.set_parent(kProject);
  for (int i = 0; i < kBulkJobs; ++i) *request.add_requests() = NoopJob(duration_ms);
  std::atomic<int> left = calls;
  const auto submit = [&] {
    while (left-- > 0) {
      grpc::ClientContext context;
      v1::BatchCreateJobsResponse response;
      const grpc::Status status = stub->BatchCreateJobs(&context, request, &response);
      if (!status.ok()) Die("BatchCreateJobs", status);
      CheckEach(response);
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < outstanding; ++i) callers.emplace_back(submit);
  for (std::thread& caller : callers) caller.join();
}

}  // namespace dq::bench
