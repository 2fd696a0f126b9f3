// The load of tests/bench/queue.sh: submits no-op jobs to a running scheduler and measures what a
// client sees. Prints one JSON object a measurement on stdout.
//
//   queue_load ADDRESS submit JOBS OUTSTANDING
//     jobs a second acknowledged, OUTSTANDING calls in flight
//   queue_load ADDRESS bulk JOBS OUTSTANDING
//     the same with BatchCreateJobs of 1,000; a rest of JOBS that fills no call is left out
//   queue_load ADDRESS drain JOBS
//     jobs a second from the first completion to the last
//   queue_load ADDRESS latency SAMPLES
//     CreateJob sent → PROCESSING seen by a watcher, idle fleet
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dq/v1/admin_service.grpc.pb.h"
#include "dq/v1/job_service.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr char kProject[] = "projects/default";
constexpr std::chrono::milliseconds kPollInterval{2};
constexpr int kBulkJobs = 1000;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void Die(const char* what, const grpc::Status& status) {
  std::fprintf(stderr, "queue_load: %s: %s\n", what, status.error_message().c_str());
  std::exit(1);
}

dq::v1::CreateJobRequest NoopJob() {
  dq::v1::CreateJobRequest request;
  request.set_parent(kProject);
  request.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  return request;
}

// Keeps `outstanding` CreateJob calls in flight until `jobs` were acknowledged.
class Submitter {
 public:
  Submitter(dq::v1::JobService::Stub* stub, int jobs) : stub_(stub), left_(jobs), open_(jobs) {}

  void Run(int outstanding) {
    for (int i = 0; i < outstanding; ++i) Next();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return open_ == 0; });
  }

 private:
  struct Call {
    grpc::ClientContext context;
    dq::v1::CreateJobRequest request = NoopJob();
    dq::v1::CreateJobResponse response;
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

  dq::v1::JobService::Stub* const stub_;
  std::mutex mutex_;
  std::condition_variable done_;
  int left_;
  int open_;
};

// Makes `calls` of kBulkJobs each, `outstanding` of them in flight.
int Bulk(const std::shared_ptr<grpc::Channel>& channel, int calls, int outstanding) {
  const auto stub = dq::v1::JobService::NewStub(channel);
  dq::v1::BatchCreateJobsRequest request;
  request.set_parent(kProject);
  for (int i = 0; i < kBulkJobs; ++i) *request.add_requests() = NoopJob();
  std::atomic<int> left = calls;
  const auto submit = [&] {
    while (left-- > 0) {
      grpc::ClientContext context;
      dq::v1::BatchCreateJobsResponse response;
      const grpc::Status status = stub->BatchCreateJobs(&context, request, &response);
      if (!status.ok()) Die("BatchCreateJobs", status);
      for (const auto& result : response.results()) {
        if (result.has_error()) Die(result.error().reason().c_str(), status);
      }
    }
  };
  const Clock::time_point start = Clock::now();
  std::vector<std::thread> callers;
  for (int i = 0; i < outstanding; ++i) callers.emplace_back(submit);
  for (std::thread& caller : callers) caller.join();
  const double seconds = SecondsSince(start);
  std::printf("{\"jobs_per_second\": %.0f, \"seconds\": %.3f}\n", calls * kBulkJobs / seconds,
              seconds);
  return 0;
}

int64_t CompletedJobs(dq::v1::AdminService::Stub* stub) {
  grpc::ClientContext context;
  dq::v1::GetStatsResponse response;
  const grpc::Status status = stub->GetStats(&context, {}, &response);
  if (!status.ok()) Die("GetStats", status);
  const auto found = response.jobs_by_state().find("COMPLETED");
  return found == response.jobs_by_state().end() ? 0 : found->second;
}

// The clock starts with the first completions, so that starting the workers does not count.
int Drain(const std::shared_ptr<grpc::Channel>& channel, int64_t jobs) {
  const auto stub = dq::v1::AdminService::NewStub(channel);
  const int64_t base = CompletedJobs(stub.get());
  std::printf("{\"ready\": true}\n");
  std::fflush(stdout);
  int64_t early = 0;
  Clock::time_point start = Clock::now();
  for (int64_t done = 0; done < jobs;) {
    std::this_thread::sleep_for(kPollInterval);
    done = CompletedJobs(stub.get()) - base;
    if (early == 0 && done > 0) {
      early = done;
      start = Clock::now();
    }
  }
  const double seconds = SecondsSince(start);
  std::printf("{\"jobs_per_second\": %.0f, \"seconds\": %.3f}\n",
              static_cast<double>(jobs - early) / seconds, seconds);
  return 0;
}

int Submit(const std::shared_ptr<grpc::Channel>& channel, int jobs, int outstanding) {
  const auto stub = dq::v1::JobService::NewStub(channel);
  Submitter submitter(stub.get(), jobs);
  const Clock::time_point start = Clock::now();
  submitter.Run(outstanding);
  const double seconds = SecondsSince(start);
  std::printf("{\"jobs_per_second\": %.0f, \"seconds\": %.3f}\n", jobs / seconds, seconds);
  return 0;
}

// Creates one job and returns the milliseconds until the watch shows it started.
double OneLatency(dq::v1::JobService::Stub* stub,
                  grpc::ClientReader<dq::v1::WatchJobsResponse>* watch) {
  grpc::ClientContext context;
  dq::v1::CreateJobResponse created;
  const Clock::time_point start = Clock::now();
  const grpc::Status status = stub->CreateJob(&context, NoopJob(), &created);
  if (!status.ok()) Die("CreateJob", status);
  dq::v1::WatchJobsResponse event;
  double started_ms = 0;
  while (watch->Read(&event)) {
    if (!event.has_job() || event.job().name() != created.job().name()) continue;
    if (started_ms == 0 && event.job().attempt() > 0) started_ms = SecondsSince(start) * 1e3;
    if (event.job().state() == dq::v1::JOB_STATE_COMPLETED) return started_ms;
  }
  Die("WatchJobs ended", grpc::Status::OK);
}

int Latency(const std::shared_ptr<grpc::Channel>& channel, int samples) {
  const auto stub = dq::v1::JobService::NewStub(channel);
  grpc::ClientContext context;
  dq::v1::WatchJobsRequest request;
  request.set_parent(kProject);
  const auto watch = stub->WatchJobs(&context, request);
  watch->WaitForInitialMetadata();
  std::vector<double> times;
  times.reserve(static_cast<size_t>(samples));
  for (int i = 0; i < samples; ++i) times.push_back(OneLatency(stub.get(), watch.get()));
  context.TryCancel();
  std::sort(times.begin(), times.end());
  const auto at = [&](double q) {
    return times[static_cast<size_t>(q * static_cast<double>(times.size() - 1))];
  };
  std::printf("{\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"samples\": %d}\n", at(0.5), at(0.99),
              samples);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 3 ? argv[2] : "";
  const int count = argc > 3 ? std::atoi(argv[3]) : -1;
  if (count >= 0) {
    const auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
    if (mode == "submit" && argc == 5) return Submit(channel, count, std::atoi(argv[4]));
    if (mode == "bulk" && argc == 5 && count >= kBulkJobs) {
      return Bulk(channel, count / kBulkJobs, std::atoi(argv[4]));
    }
    if (mode == "drain") return Drain(channel, count);
    if (mode == "latency" && count > 0) return Latency(channel, count);
  }
  std::fprintf(stderr,
               "usage: queue_load ADDRESS submit JOBS OUTSTANDING | bulk JOBS OUTSTANDING | drain "
               "JOBS | latency SAMPLES; bulk takes 1,000 jobs at least\n");
  return 2;
}
