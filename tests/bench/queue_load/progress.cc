#include "tests/bench/queue_load/progress.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include "dq/v1/admin_service.grpc.pb.h"
#include "dq/v1/job_service.grpc.pb.h"

namespace dq::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollInterval{2};
constexpr milliseconds kFlowInterval{100};
constexpr milliseconds kRetryInterval{20};
constexpr std::chrono::seconds kCallTimeout{1};
constexpr int kParts = 10;

// Nothing when the scheduler does not answer.
std::optional<int64_t> TryCompletedJobs(v1::AdminService::Stub* stub) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  v1::GetStatsResponse response;
  if (!stub->GetStats(&context, {}, &response).ok()) return std::nullopt;
  const auto found = response.jobs_by_state().find("COMPLETED");
  return found == response.jobs_by_state().end() ? 0 : found->second;
}

int64_t CompletedJobs(v1::AdminService::Stub* stub) {
  const std::optional<int64_t> completed = TryCompletedJobs(stub);
  if (!completed.has_value()) {
    Die("GetStats", grpc::Status(grpc::StatusCode::UNAVAILABLE, "no answer"));
  }
  return *completed;
}

double UnixSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The jobs done when each tenth of a run ended, and when that was.
class Tenths {
 public:
  Tenths(int64_t done, int64_t jobs) : first_(done), from_(done), jobs_(jobs) {}

  void Add(int64_t done) {
    const int64_t due = first_ + (jobs_ - first_) * (part_ + 1) / kParts;
    if (part_ == kParts || done < due) return;
    rates_[static_cast<size_t>(part_++)] = static_cast<double>(done - from_) / SecondsSince(since_);
    from_ = done;
    since_ = Clock::now();
  }

  void Print() const {
    std::printf(", \"tenths_jobs_per_second\": [");
    for (int i = 0; i < part_; ++i) {
      std::printf("%s%.0f", i == 0 ? "" : ", ", rates_[static_cast<size_t>(i)]);
    }
    std::printf("]");
  }

 private:
  const int64_t first_;
  int64_t from_;
  const int64_t jobs_;
  Clock::time_point since_ = Clock::now();
  std::array<double, kParts> rates_{};
  int part_ = 0;
};

void CreateUntil(v1::JobService::Stub* stub, Clock::time_point end) {
  while (Clock::now() < end) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    v1::CreateJobResponse response;
    if (!stub->CreateJob(&context, NoopJob(0), &response).ok()) {
      std::this_thread::sleep_for(kRetryInterval);
    }
  }
}

}  // namespace

int Drain(const Channel& channel, int64_t jobs) {
  const auto stub = v1::AdminService::NewStub(channel);
  const int64_t base = CompletedJobs(stub.get());
  std::printf("{\"ready\": true}\n");
  std::fflush(stdout);
  int64_t early = 0;
  while (early == 0) {
    std::this_thread::sleep_for(kPollInterval);
    early = CompletedJobs(stub.get()) - base;
  }
  Tenths tenths(early, jobs);
  const Clock::time_point start = Clock::now();
  for (int64_t done = early; done < jobs; tenths.Add(done)) {
    std::this_thread::sleep_for(kPollInterval);
    done = CompletedJobs(stub.get()) - base;
  }
  const double seconds = SecondsSince(start);
  std::printf("{\"jobs_per_second\": %.0f, \"seconds\": %.3f",
              static_cast<double>(jobs - early) / seconds, seconds);
  tenths.Print();
  std::printf("}\n");
  return 0;
}

int WholeLife(const Channel& channel, int jobs, int outstanding) {
  const auto stub = v1::AdminService::NewStub(channel);
  const int calls = jobs / kBulkJobs;
  const int64_t goal = CompletedJobs(stub.get()) + int64_t{calls} * kBulkJobs;
  const Clock::time_point start = Clock::now();
  std::thread submitter([&] { SubmitInBulk(channel, calls, outstanding, 0); });
  while (CompletedJobs(stub.get()) < goal) std::this_thread::sleep_for(kPollInterval);
  const double seconds = SecondsSince(start);
  submitter.join();
  std::printf("{\"jobs_per_second\": %.0f, \"seconds\": %.3f}\n", calls * kBulkJobs / seconds,
              seconds);
  return 0;
}

int Flow(const Channel& channel, int seconds, int callers) {
  const auto jobs = v1::JobService::NewStub(channel);
  const auto admin = v1::AdminService::NewStub(channel);
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) threads.emplace_back([&] { CreateUntil(jobs.get(), end); });
  while (Clock::now() < end) {
    std::this_thread::sleep_for(kFlowInterval);
    if (const std::optional<int64_t> done = TryCompletedJobs(admin.get())) {
      std::printf("{\"t\": %.3f, \"completed\": %lld}\n", UnixSeconds(),
                  static_cast<long long>(*done));
      std::fflush(stdout);
    }
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace dq::bench
