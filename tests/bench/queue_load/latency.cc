#include "tests/bench/queue_load/latency.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "dq/v1/job_service.grpc.pb.h"
#include "tests/bench/queue_load/worker_child.h"

namespace dq::bench {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kLongNoopMs = 600'000;
// A job is stopped when it has run for a while, at various distances from the worker's last report.
constexpr int kRunMs = 40;
constexpr int kRunStepMs = 7;
constexpr int kRunSteps = 20;

// The changes of all jobs, as one caller is told of them.
class Changes {
 public:
  explicit Changes(v1::JobService::Stub* stub) {
    v1::WatchJobsRequest request;
    request.set_parent(kProject);
    reader_ = stub->WatchJobs(&context_, request);
    reader_->WaitForInitialMetadata();
  }
  ~Changes() { context_.TryCancel(); }
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  // Returns when `name` is as `wanted` says.
  template <typename Predicate>
  void WaitFor(const std::string& name, Predicate wanted) {
    v1::WatchJobsResponse event;
    while (reader_->Read(&event)) {
      if (event.has_job() && event.job().name() == name && wanted(event.job())) return;
    }
    Die("WatchJobs ended", grpc::Status::OK);
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchJobsResponse>> reader_;
};

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double At(std::vector<double>& times, double share) {
  std::sort(times.begin(), times.end());
  return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
}

std::string Create(v1::JobService::Stub* stub, const v1::CreateJobRequest& request) {
  grpc::ClientContext context;
  v1::CreateJobResponse created;
  const grpc::Status status = stub->CreateJob(&context, request, &created);
  if (!status.ok()) Die("CreateJob", status);
  return created.job().name();
}

bool HasStarted(const v1::Job& job) { return job.attempt() > 0; }

bool IsCompleted(const v1::Job& job) { return job.state() == v1::JOB_STATE_COMPLETED; }

void Stop(v1::JobService::Stub* stub, StopKind kind, const std::string& name) {
  grpc::ClientContext context;
  grpc::Status status;
  if (kind == StopKind::kCancel) {
    v1::CancelJobRequest request;
    v1::CancelJobResponse response;
    request.set_name(name);
    status = stub->CancelJob(&context, request, &response);
  } else {
    v1::PauseJobRequest request;
    v1::PauseJobResponse response;
    request.set_name(name);
    status = stub->PauseJob(&context, request, &response);
  }
  if (!status.ok()) Die("the job could not be stopped; did it end by itself?", status);
}

// When one job was asked to stop, acknowledged, and had stopped.
struct StopTimes {
  Clock::time_point sent;
  Clock::time_point acknowledged;
  Clock::time_point child_ended;  // As `sent` without a child.
  Clock::time_point confirmed;
};

StopTimes StopOne(v1::JobService::Stub* stub, Changes& changes, StopKind kind,
                  const std::string& name, std::optional<WorkerChild> child) {
  StopTimes times;
  times.sent = times.child_ended = Clock::now();
  std::thread watcher([&] {
    if (!child.has_value()) return;
    child->WaitForEnd();
    times.child_ended = Clock::now();
  });
  Stop(stub, kind, name);
  times.acknowledged = Clock::now();
  changes.WaitFor(name, [kind](const v1::Job& job) {
    return job.state() ==
           (kind == StopKind::kCancel ? v1::JOB_STATE_CANCELLED : v1::JOB_STATE_PAUSED);
  });
  times.confirmed = Clock::now();
  watcher.join();
  return times;
}

v1::CreateJobRequest JobToStop(const std::string& input_file) {
  if (input_file.empty()) return NoopJob(kLongNoopMs);
  v1::CreateJobRequest request;
  request.set_parent(kProject);
  request.mutable_job()->mutable_spec()->set_input_file(input_file);
  return request;
}

void PrintTimes(const char* name, std::vector<double>& times) {
  std::printf(", \"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f", name, At(times, 0.5), name,
              At(times, 0.99));
}

}  // namespace

int StartLatency(const Channel& channel, int samples) {
  const auto stub = v1::JobService::NewStub(channel);
  Changes changes(stub.get());
  std::vector<double> times;
  for (int i = 0; i < samples; ++i) {
    const Clock::time_point start = Clock::now();
    const std::string name = Create(stub.get(), NoopJob(0));
    bool completed = false;
    changes.WaitFor(name, [&](const v1::Job& job) {
      completed = IsCompleted(job);
      return HasStarted(job);
    });
    times.push_back(Milliseconds(Clock::now() - start));
    if (!completed) changes.WaitFor(name, IsCompleted);
  }
  std::printf("{\"samples\": %d", samples);
  PrintTimes("start", times);
  std::printf("}\n");
  return 0;
}

int StopLatency(const Channel& channel, int samples, StopKind kind, pid_t agent,
                const std::string& input_file) {
  const auto stub = v1::JobService::NewStub(channel);
  Changes changes(stub.get());
  std::vector<double> sent_to_end;
  std::vector<double> acknowledged_to_end;
  std::vector<double> sent_to_confirmed;
  for (int i = 0; i < samples; ++i) {
    const std::string name = Create(stub.get(), JobToStop(input_file));
    changes.WaitFor(name, HasStarted);
    std::optional<WorkerChild> child;
    if (!input_file.empty()) child.emplace(agent);
    std::this_thread::sleep_for(milliseconds(kRunMs + i % kRunSteps * kRunStepMs));
    const StopTimes times = StopOne(stub.get(), changes, kind, name, std::move(child));
    sent_to_end.push_back(Milliseconds(times.child_ended - times.sent));
    acknowledged_to_end.push_back(
        std::max(0.0, Milliseconds(times.child_ended - times.acknowledged)));
    sent_to_confirmed.push_back(Milliseconds(times.confirmed - times.sent));
  }
  std::printf("{\"samples\": %d", samples);
  if (!input_file.empty()) {
    PrintTimes("sent_to_child_end", sent_to_end);
    PrintTimes("acknowledged_to_child_end", acknowledged_to_end);
  }
  PrintTimes("sent_to_confirmed", sent_to_confirmed);
  std::printf("}\n");
  return 0;
}

}  // namespace dq::bench
