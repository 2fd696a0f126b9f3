// Port: the records of batches and of the operations they were asked for. Jobs are written by
// JobStore alone; which job is an operation of which batch is recorded with the job, and its state
// is counted for the batch in the same commit. Every call is a transaction of its own. Calls block:
// never from a gRPC thread. Implementations are thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/batch.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

class BatchStore {
 public:
  virtual ~BatchStore() = default;

  // Records a batch with its operations, `requests` in order, and its source, and gives it its key.
  // With the identical record again it is the same call, whose answer was lost: `existed` stays
  // false. ALREADY_EXISTS: ID_TAKEN, or REQUEST_ID_REUSED when the earlier batch of that request_id
  // has another hash.
  virtual absl::StatusOr<Created<BatchRecord>> CreateBatch(
      const BatchRecord& batch, const std::vector<std::string>& requests) = 0;
  // NOT_FOUND BATCH_NOT_FOUND.
  virtual absl::StatusOr<BatchView> GetBatch(const std::string& project, const std::string& id) = 0;
  virtual absl::StatusOr<BatchView> GetBatchByKey(BatchKey key) = 0;
  virtual absl::StatusOr<BatchView> GetBatchByRequest(const std::string& project,
                                                      const std::string& request_id) = 0;
  // Returns up to `limit` batches with key < `before` (0: from the newest), newest first.
  virtual absl::StatusOr<std::vector<BatchView>> ListBatches(const std::string& project,
                                                             BatchKey before, int limit) = 0;
  // Returns the batches that have no end time.
  virtual absl::StatusOr<std::vector<BatchKey>> ListOpenBatches() = 0;

  // Writes what changes of a batch, with version + 1, and why operations were refused; with a
  // further retry an expansion that was halted goes on. ABORTED (BATCH_CHANGED) when the row does
  // not hold `batch.version`: nothing was written.
  virtual absl::Status UpdateBatch(const BatchRecord& batch,
                                   const std::vector<BatchOperation>& refused) = 0;
  // Does the same of a batch that ends in `state`, and records it for the webhooks that want to
  // hear of it.
  virtual absl::Status EndBatch(const BatchRecord& batch, BatchState state) = 0;

  // Returns what the batch is expanded from; "" of one whose operations came with the request.
  virtual absl::StatusOr<std::string> GetBatchSource(BatchKey key) = 0;
  // Records more operations of a batch that is being expanded, with the files that they name, and
  // how far that is: all or nothing. ABORTED (BATCH_CHANGED) when the row has not
  // `batch.operations` operations or is not being expanded: nothing was written.
  virtual absl::Status ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) = 0;

  // Returns up to `limit` operations after the index `after`, in order, with the jobs they are.
  virtual absl::StatusOr<std::vector<BatchOperation>> LoadOperations(BatchKey key, int32_t after,
                                                                     int limit) = 0;
  // Returns up to `limit` operations that are refused, in order, without their requests.
  virtual absl::StatusOr<std::vector<BatchOperation>> ListRefusedOperations(BatchKey key,
                                                                            int limit) = 0;
  // Returns up to `limit` jobs of operations after the index `after` that are in one of `states`,
  // in order.
  virtual absl::StatusOr<std::vector<OperationJob>> ListOperationJobs(
      BatchKey key, int32_t after, const std::vector<JobState>& states, int limit) = 0;
};

}  // namespace dq
