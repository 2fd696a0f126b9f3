// Port: what deletes the records of ended jobs and batches, and what storage is owed since. A
// deletion is one transaction, which proves that its leader still leads: the files follow, and a
// debt that is recorded with it stands until they are gone. Calls block: never from a gRPC thread.
// Implementations are thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/core/batch.h"
#include "scheduler/core/job.h"
#include "scheduler/core/operator_store.h"

namespace dq {

// Who deletes, as the leader of `epoch`.
struct DeletionOrder {
  OperatorWord word;
  int64_t epoch = 0;
  // Whether uploaded files that the jobs read go too, unless a reference or another job needs them.
  bool with_input = false;
  // Jobs with this key or a greater one came after the order was given: it leaves them alone,
  // however late it arrives.
  JobKey keys_below = std::numeric_limits<JobKey>::max();
};

struct JobToDelete {
  JobName name;
  int64_t version = 0;  // Which it must have; 0: any.
};

enum class DeletionOutcome {
  kDeleted,
  kGone,       // It was deleted before.
  kUnknown,    // There never was one.
  kChanged,    // It has another version.
  kNotEnded,   // Or an operation of the batch has not.
  kOperation,  // Of a batch: it goes with that.
  kNeeded,     // A job that has not ended depends on it.
};

struct JobDeletion {
  DeletionOutcome outcome = DeletionOutcome::kUnknown;
  JobState state = JobState::kCompleted;  // In which it is or was, unless gone or unknown.
};

// A job whose record is gone.
struct DeletedJob {
  JobName name;
  JobState state = JobState::kCompleted;  // In which it was.
  friend bool operator==(const DeletedJob&, const DeletedJob&) = default;
};

struct JobDeletions {
  std::vector<JobDeletion> outcomes;    // One a job, in order.
  std::vector<std::string> kept_files;  // Ids of files they made that something needs.
};

struct BatchDeletion {
  DeletionOutcome outcome = DeletionOutcome::kUnknown;
  JobName job;  // The operation that is in the way, if one is.
  std::vector<DeletedJob> deleted;
  std::vector<std::string> kept_files;
};

// What a deletion has left in storage: a file, or all that the attempts of a job wrote.
struct StorageDebt {
  int64_t key = 0;
  std::string uri;           // Of the file; empty: of a job.
  JobName job;               // Another one may have the name since.
  std::string manifest_uri;  // Of its outputs; empty: it has none.
  // Of files that are still needed, also of earlier jobs of that name.
  std::vector<std::string> kept_uris;
};

// Jobs in the order of their keys, as many as were looked at.
struct ExpiredJobs {
  std::vector<JobName> jobs;  // Those among them that ended long enough ago; operations left out.
  JobKey last = 0;            // The last one looked at.
  bool is_last_page = true;   // Whether those behind it cannot have ended so long ago.
};

// A batch by its name, with the version that it was seen at.
struct ExpiredBatch {
  BatchKey key = 0;
  std::string project;
  std::string id;
  int64_t version = 0;
};

struct ExpiredBatches {
  std::vector<ExpiredBatch> batches;
  BatchKey last = 0;
  bool is_last_page = true;
};

// Uploads in the order in which they were recorded, as many as were looked at.
struct UnusedUploads {
  int64_t deleted = 0;
  int64_t last = 0;          // The last one looked at.
  bool is_last_page = true;  // Whether those behind it are not old enough.
};

class DeletionStore {
 public:
  virtual ~DeletionStore() = default;

  // Deletes those of `jobs`, each named once, that can be. Both calls: ABORTED (NOT_LEADER) when
  // another leads, nothing was written then.
  virtual absl::StatusOr<JobDeletions> DeleteJobs(const std::vector<JobToDelete>& jobs,
                                                  const DeletionOrder& order) = 0;
  // Deletes a batch that has ended, with all of its operations, or nothing. `version`: as above.
  virtual absl::StatusOr<BatchDeletion> DeleteBatch(const std::string& project,
                                                    const std::string& id, int64_t version,
                                                    const DeletionOrder& order) = 0;

  // Returns up to `limit` debts with key > `after`, oldest first.
  virtual absl::StatusOr<std::vector<StorageDebt>> LoadDebts(int64_t after, int limit) = 0;
  // Returns the URIs of recorded files that deleted jobs of this name have produced: they lie where
  // those of another job of the name do.
  virtual absl::StatusOr<std::vector<std::string>> ListFilesWithoutJob(const JobName& name) = 0;
  // Forgets a debt: it is paid.
  virtual absl::Status PayDebt(int64_t key) = 0;

  // Looks at up to `limit` jobs with key > `after`: which ended longer than `retained` ago by the
  // database's clock.
  virtual absl::StatusOr<ExpiredJobs> ListExpiredJobs(absl::Duration retained, JobKey after,
                                                      int limit) = 0;
  virtual absl::StatusOr<ExpiredBatches> ListExpiredBatches(absl::Duration retained, BatchKey after,
                                                            int limit) = 0;

  // Looks at up to `limit` uploads behind `after`, and deletes those that came longer than
  // `retained` ago by the database's clock and that no recorded job, no version of a reference and
  // no schedule names; none of a project that has a batch with operations that are no jobs yet,
  // unless the batch is a day older than the upload. Registered files stay. Storage is owed what
  // was deleted.
  virtual absl::StatusOr<UnusedUploads> DeleteUnusedUploads(absl::Duration retained, int64_t after,
                                                            int limit) = 0;
};

}  // namespace dq
