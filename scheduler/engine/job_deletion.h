// Deletes ended jobs and batches: reserved with the leader, then deleted from the record, then
// told. Stateless.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/core/deletion_store.h"
#include "scheduler/engine/answers.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

// Who deletes, and what beside the jobs.
struct DeletionWish {
  OperatorWord word;
  bool with_input = false;
};

// What became of several jobs. NOT_FOUND (JOB_NOT_FOUND): there never was one; one that is gone is
// OK. FAILED_PRECONDITION (ILLEGAL_TRANSITION, IN_USE), ABORTED (ETAG_MISMATCH).
struct DeletionAnswers {
  std::vector<absl::Status> outcomes;   // One a job, in order.
  std::vector<std::string> kept_files;  // Ids of files they made that something needs.
};

// The second step: deletes those of `jobs` that are reserved, in the order of the reservation,
// which it ends whatever happens. Blocks.
DeletionAnswers DeleteReserved(Scheduler& scheduler, DeletionStore& store,
                               const DeletionReservation& reservation,
                               const std::vector<JobToDelete>& jobs, const DeletionWish& wish);

// Both steps. Nothing when `abandonment` ended the wait. Blocks.
std::optional<std::vector<absl::Status>> DeleteJobs(
    Scheduler& scheduler, DeletionStore& store, const std::vector<JobName>& names,
    const DeletionWish& wish, const std::shared_ptr<Abandonment>& abandonment);

// Returns the jobs that the operations of a batch are. Blocks.
absl::StatusOr<std::vector<JobName>> OperationNames(BatchStore& batches, BatchKey key);

// The second step for a batch whose operations are reserved; ends the reservation. Returns the ids
// of files that stay. NOT_FOUND (BATCH_NOT_FOUND), otherwise as above. Blocks.
absl::StatusOr<std::vector<std::string>> DeleteReservedBatch(Scheduler& scheduler,
                                                             DeletionStore& store,
                                                             const DeletionReservation& reservation,
                                                             const ExpiredBatch& batch,
                                                             const DeletionWish& wish);

}  // namespace dq
