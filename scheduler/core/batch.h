// The values that describe a batch inside the scheduler: operations that are asked for together,
// each of which becomes a job. Plain data; what the API calls an operation travels as opaque bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/job.h"

namespace dq {

// Operations of one batch.
inline constexpr int32_t kBatchOperationsMax = 100'000;

// Numbers equal dq.v1.BatchMode and the column batch.mode.
enum class BatchMode : int16_t { kParallel = 1, kSequential = 2 };

// What is to become of a batch; the runner works until it is so. Numbers equal the column
// batch.desire.
enum class BatchDesire : int16_t {
  kRun = 1,
  kPause = 2,
  kResume = 3,  // Paused operations go on; kRun once all do.
  kStop = 4,    // An operation failed: no further one starts.
  kCancel = 5,
};

// Numbers equal dq.v1.BatchState.
enum class BatchState : int16_t {
  kPending = 1,
  kProcessing = 2,
  kPaused = 3,
  kCancelling = 4,
  kCompleted = 5,
  kPartialSuccess = 6,
  kFailed = 7,
  kCancelled = 8,
};

// Whether all operations of a batch are recorded. Numbers equal the column batch.expansion; from
// kGoing on dq.v1.BatchExpansionState.
enum class BatchExpansion : int16_t {
  kNone = 0,  // They came with the request.
  kGoing = 1,
  kDone = 2,
  kHalted = 3,  // More were to come; a retry goes on.
};

// A batch as recorded. Operations are counted from 1.
struct BatchRecord {
  BatchKey key = 0;
  std::string project;
  std::string id;
  std::string uid;
  std::string request_id;    // Unique per project; empty when the caller gave none.
  std::string request_hash;  // Of the body, to tell a repetition from a reuse.
  std::string display_name;
  std::map<std::string, std::string> labels;
  std::string created_by;
  BatchMode mode = BatchMode::kParallel;
  int32_t max_parallel = 0;  // Operations that may run at a time; 0: any number.
  bool stop_on_error = false;
  absl::Time create_time;
  std::string source;  // What it is expanded from: for CreateBatch() alone, see GetBatchSource().

  // What changes.
  BatchDesire desire = BatchDesire::kRun;
  int32_t made = 0;         // The first so many operations have been made jobs, or refused.
  int32_t refused = 0;      // Operations that can be no job as things are.
  int32_t reopen_from = 0;  // A retry goes on with this operation; 0: none is under way.
  int32_t retries = 0;
  std::string actor;  // Who asked for what is desired, and why.
  std::string reason;
  absl::Time run_time;        // When this run of it began: its creation or its last retry.
  int32_t run_completed = 0;  // Operations that were COMPLETED then.
  absl::Time end_time = absl::InfinitePast();  // Not while it has something to do.
  int64_t version = 1;

  // What changes while it is expanded, and with a retry of one that was halted: ExpandBatch() alone
  // writes it, whatever the version.
  int32_t operations = 0;  // Those that are recorded.
  BatchExpansion expansion = BatchExpansion::kNone;
  int32_t found = 0;        // What its source makes, once that was looked at.
  std::string expanded_to;  // The last item of the source that is an operation.
  std::string halt_reason;  // Why it was halted.
  std::string halt_message;
  friend bool operator==(const BatchRecord&, const BatchRecord&) = default;
};

// Operations to be recorded after those that there are, and what the batch is with them.
struct ExpansionPage {
  std::vector<std::string> requests;  // As BatchOperation::request.
  std::vector<FileRecord> files;      // That these name.
  BatchExpansion expansion = BatchExpansion::kGoing;
  int32_t found = 0;
  std::string expanded_to;
  std::string halt_reason;
  std::string halt_message;
};

// A batch with the numbers of its jobs by state; states without one are absent.
struct BatchView {
  BatchRecord record;
  std::map<JobState, int64_t> jobs;
};

// An operation as it was asked for.
struct BatchOperation {
  int32_t index = 0;
  std::string request;  // Serialized dq.v1.CreateJobRequest.
  std::string refusal;  // Why it can be no job; empty: it can.
  JobKey job = 0;       // What it has become; 0: no job yet.
};

// The job that an operation has become.
struct OperationJob {
  int32_t index = 0;
  JobKey key = 0;
  JobName name;
  JobState state = JobState::kPending;
};

}  // namespace dq
