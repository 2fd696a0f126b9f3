// BatchStore on PostgreSQL. Thread-safe.
#pragma once

#include <optional>

#include "scheduler/core/batch_store.h"
#include "scheduler/core/webhook.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresBatchStore : public BatchStore {
 public:
  // `sessions` outlives the store.
  explicit PostgresBatchStore(ResourcePool<Session>& sessions) : sessions_(sessions) {}

  absl::StatusOr<Created<BatchRecord>> CreateBatch(
      const BatchRecord& batch, const std::vector<std::string>& requests) override;
  absl::StatusOr<BatchView> GetBatch(const std::string& project, const std::string& id) override;
  absl::StatusOr<BatchView> GetBatchByKey(BatchKey key) override;
  absl::StatusOr<BatchView> GetBatchByRequest(const std::string& project,
                                              const std::string& request_id) override;
  absl::StatusOr<std::vector<BatchView>> ListBatches(const std::string& project, BatchKey before,
                                                     int limit) override;
  absl::StatusOr<std::vector<BatchKey>> ListOpenBatches() override;
  absl::Status UpdateBatch(const BatchRecord& batch,
                           const std::vector<BatchOperation>& refused) override;
  absl::Status EndBatch(const BatchRecord& batch, BatchState state) override;
  absl::StatusOr<std::string> GetBatchSource(BatchKey key) override;
  absl::Status ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) override;
  absl::StatusOr<std::vector<BatchOperation>> LoadOperations(BatchKey key, int32_t after,
                                                             int limit) override;
  absl::StatusOr<std::vector<BatchOperation>> ListRefusedOperations(BatchKey key,
                                                                    int limit) override;
  absl::StatusOr<std::vector<OperationJob>> ListOperationJobs(BatchKey key, int32_t after,
                                                              const std::vector<JobState>& states,
                                                              int limit) override;

 private:
  // `event`: of which webhooks are told; nothing: of none.
  absl::Status Write(const BatchRecord& batch, const std::vector<BatchOperation>& refused,
                     std::optional<WebhookEvent> event);

  ResourcePool<Session>& sessions_;
};

}  // namespace dq
