// JobStore on PostgreSQL: leadership on a connection of its own, so that a long commit never delays
// a renewal's answer, batches through the BatchWriter, reads on others, so that users' slow reads
// never delay a commit's. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "scheduler/core/job_store.h"
#include "scheduler/store/batch_writer.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresJobStore : public JobStore {
 public:
  // `cell` names the leadership row; `connect` makes a session of its own.
  PostgresJobStore(std::string cell, std::function<std::unique_ptr<Session>()> connect,
                   std::unique_ptr<BatchWriter> writer);

  absl::StatusOr<Leadership> AcquireLeadership(const std::string& instance,
                                               const std::string& address,
                                               absl::Duration ttl) override;
  absl::Status RenewLeadership(int64_t epoch, absl::Duration ttl) override;
  absl::Status ReleaseLeadership(int64_t epoch) override;
  std::unique_ptr<ReleaseWatch> WatchReleases() override;
  absl::StatusOr<BatchResult> Commit(const WriteBatch& batch) override;
  absl::StatusOr<LiveJobs> LoadLiveJobs(JobKey after, int limit, LoadShare share) override;
  absl::StatusOr<std::vector<JobRecord>> LoadJobs(const std::vector<JobKey>& keys,
                                                  const std::vector<JobName>& names) override;
  absl::StatusOr<std::vector<GroupLimit>> LoadLimits() override;
  absl::StatusOr<std::vector<WorkerDrain>> LoadDrains() override;
  absl::StatusOr<std::vector<WebhookPlace>> LoadWebhooks() override;
  absl::StatusOr<std::map<JobState, int64_t>> LoadStateCounts() override;

 private:
  absl::StatusOr<std::map<JobKey, JobRecord>> LoadByKey(const std::vector<JobKey>& keys);

  const std::string cell_;
  const std::function<std::unique_ptr<Session>()> connect_;
  ResourcePool<Session> leadership_;
  ResourcePool<BatchWriter> writer_;
  ResourcePool<Session> reader_;
  // The time to live of the last acquisition or renewal: commits extend the leadership by it.
  std::atomic<int64_t> leadership_ttl_us_ = 0;
};

}  // namespace dq
