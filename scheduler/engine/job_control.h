// Port: what can be done to single jobs while this replica leads. The scheduler implements it;
// those who carry batches and schedules on need no more of it. Every method returns at once;
// callbacks are called once the decision is durable and must not block. Implementations are
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/job.h"

namespace dq {

// A job as a watcher sees it.
struct JobView {
  JobRecord record;
  JobProgress progress;        // Of the current attempt, while a worker holds a lease.
  int64_t queue_position = 0;  // While QUEUED.
};

// A submitted job; of an existing one the view holds what is recorded.
struct SubmitResult {
  JobView job;
  bool existed = false;
};

// What became of one of many submitted jobs.
struct BulkOutcome {
  absl::Status status;
  JobName name;  // With OK.
  bool existed = false;
};
using BulkDone = std::function<void(absl::StatusOr<std::vector<BulkOutcome>>)>;

class JobControl {
 public:
  virtual ~JobControl() = default;

  // Creates a job: the engine fills key, status, events. `record` holds everything else.
  virtual void Submit(JobRecord record, std::function<void(absl::StatusOr<SubmitResult>)> done) = 0;
  // Cancels a live job. NOT_FOUND (NOT_LIVE) when no such job is live: the caller looks in the
  // database.
  virtual void Cancel(const JobName& name, const std::string& reason, const std::string& actor,
                      std::function<void(absl::StatusOr<JobView>)> done) = 0;
  // Creates many jobs, each for itself; answers once all are decided, in their order.
  virtual void SubmitAll(std::vector<JobRecord> records, BulkDone done) = 0;
  // Pauses a live job: a waiting one at once, a running one when its worker has stopped. Resumes a
  // paused one. What is so already is no error; FAILED_PRECONDITION (ILLEGAL_TRANSITION); NOT_FOUND
  // as of Cancel.
  virtual void Pause(const JobName& name, const std::string& reason, const std::string& actor,
                     std::function<void(absl::StatusOr<JobView>)> done) = 0;
  virtual void Resume(const JobName& name, const std::string& reason, const std::string& actor,
                      std::function<void(absl::StatusOr<JobView>)> done) = 0;
  // Skips a live job that waits, for the reason `why`. FAILED_PRECONDITION (ILLEGAL_TRANSITION)
  // when it runs; NOT_FOUND as of Cancel.
  virtual void Skip(const JobName& name, const JobFailure& why, const std::string& actor,
                    std::function<void(absl::StatusOr<JobView>)> done) = 0;
  // Makes an ended job live again, in two steps: after the reservation the caller reads the job's
  // record and hands it over, or what kept it from that. Between the two nobody else does so.
  virtual void ReserveReopen(const JobName& name,
                             std::function<void(absl::StatusOr<int64_t>)> done) = 0;
  virtual void Reopen(int64_t reservation, const JobName& name, absl::StatusOr<JobRecord> record,
                      RetryFrom from, const std::string& reason, const std::string& actor,
                      std::function<void(absl::StatusOr<JobView>)> done) = 0;
};

}  // namespace dq
