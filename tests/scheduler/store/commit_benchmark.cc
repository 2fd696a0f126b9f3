// Prints how many jobs a second Commit() inserts, claims and completes, in batches of 1,000 with
// one event each, on a private PostgreSQL that syncs to disk. Not a test: no figure is asserted.
// Usage: commit_benchmark [JOBS] (default 100000).
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "scheduler/store/postgres_store.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/support/private_postgres.h"

namespace dq {
namespace {

constexpr size_t kBatchRows = 1000;

class Benchmark {
 public:
  Benchmark(JobStore& store, size_t jobs) : store_(store) {
    epoch_ = store.AcquireLeadership("bench", "", absl::Hours(1))->epoch;
    for (size_t i = 0; i < jobs; ++i) {
      scripts_.emplace_back(static_cast<JobKey>(i + 1), "j-" + std::to_string(1'000'000 + i));
    }
  }

  // Commits `add` of every job and prints the rate.
  template <typename Add>
  void Run(const char* name, Add add) {
    absl::Duration spent;
    for (size_t first = 0; first < scripts_.size(); first += kBatchRows) {
      WriteBatch batch;
      batch.epoch = epoch_;
      batch.sequence = ++sequence_;
      batch.now = JobScript::Start();
      for (size_t i = first; i < std::min(first + kBatchRows, scripts_.size()); ++i) {
        add(batch, scripts_[i]);
      }
      const absl::Time start = absl::Now();
      const auto result = store_.Commit(batch);
      spent += absl::Now() - start;
      if (!result.ok()) std::cerr << result.status() << std::endl;
    }
    std::printf("{\"step\": \"%s\", \"jobs_per_second\": %.0f}\n", name,
                static_cast<double>(scripts_.size()) / absl::ToDoubleSeconds(spent));
  }

 private:
  JobStore& store_;
  int64_t epoch_ = 0;
  int64_t sequence_ = 0;
  std::vector<JobScript> scripts_;
};

int Main(size_t jobs) {
  auto server = PrivatePostgres::Start({"fsync=on", "full_page_writes=on", "max_wal_size=4GB"});
  if (!server.ok()) return std::cerr << server.status() << std::endl, 1;
  PostgresStoreOptions options;
  options.conninfo = *(*server)->CreateDatabase();
  auto store = PostgresStore::Create(options);
  if (!store.ok()) return std::cerr << store.status() << std::endl, 1;
  Benchmark benchmark((*store)->jobs(), jobs);
  benchmark.Run("insert", [](auto& b, auto& j) { b.inserts.push_back(j.Create()); });
  const std::string token(32, 'a');
  benchmark.Run("claim", [&](auto& b, auto& j) { b.updates.push_back(j.Claim(token)); });
  JobResult result;
  result.manifest_uri = "file:///manifest";
  benchmark.Run("complete", [&](auto& b, auto& j) { b.updates.push_back(j.Complete(result)); });
  return 0;
}

}  // namespace
}  // namespace dq

int main(int argc, char** argv) {
  return dq::Main(argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 100'000);
}
