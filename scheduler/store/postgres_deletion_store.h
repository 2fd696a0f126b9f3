// DeletionStore on PostgreSQL: each deletion is one transaction beside the writer's, fenced by the
// leadership row. It locks the counters and pages that commits change last, for as short as it can.
// Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/deletion_store.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresDeletionStore : public DeletionStore {
 public:
  // `cell` names the leadership row; `sessions` outlives the store.
  PostgresDeletionStore(std::string cell, ResourcePool<Session>& sessions)
      : cell_(std::move(cell)), sessions_(sessions) {}

  absl::StatusOr<JobDeletions> DeleteJobs(const std::vector<JobToDelete>& jobs,
                                          const DeletionOrder& order) override;
  absl::StatusOr<BatchDeletion> DeleteBatch(const std::string& project, const std::string& id,
                                            int64_t version, const DeletionOrder& order) override;
  absl::StatusOr<std::vector<StorageDebt>> LoadDebts(int64_t after, int limit) override;
  absl::StatusOr<std::vector<std::string>> ListFilesWithoutJob(const JobName& name) override;
  absl::Status PayDebt(int64_t key) override;
  absl::StatusOr<ExpiredJobs> ListExpiredJobs(absl::Duration retained, JobKey after,
                                              int limit) override;
  absl::StatusOr<ExpiredBatches> ListExpiredBatches(absl::Duration retained, BatchKey after,
                                                    int limit) override;
  absl::StatusOr<UnusedUploads> DeleteUnusedUploads(absl::Duration retained, int64_t after,
                                                    int limit) override;

 private:
  // Holds the leadership until the transaction ends.
  absl::Status Fence(Transaction& transaction, int64_t epoch) const;

  const std::string cell_;
  ResourcePool<Session>& sessions_;
};

}  // namespace dq
