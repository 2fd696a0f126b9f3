// The values that describe a job inside the scheduler: plain data without behaviour, shared by the
// pure rules, the engine and the store. What the API calls a spec travels here as opaque bytes.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace dq {

// The states of a job; numbers equal dq.v1.JobState and the `state` column.
enum class JobState : int16_t {
  kPending = 1,
  kQueued = 2,
  kProcessing = 3,
  kPausing = 4,
  kPaused = 5,
  kCancelling = 6,
  kCompleted = 7,
  kFailed = 8,
  kCancelled = 9,
  kSkipped = 10,
};

// What can happen to a job. Which event is legal in which state: state_table.h.
enum class JobEvent : int16_t {
  kCreate = 1,
  kReady = 2,
  kClaim = 3,
  kComplete = 4,
  kRetry = 5,
  kGiveUp = 6,
  kRelease = 7,
  kRequestPause = 8,
  kConfirmPause = 9,
  kLose = 10,
  kRequestCancel = 11,
  kConfirmCancel = 12,
  kPause = 13,
  kResume = 14,
  kCancel = 15,
  kSkip = 16,
  kExpire = 17,
  kReopen = 18,
  kDelete = 19,  // The last one of a job: its record goes, its history stays.
};

// Why a job waits; numbers equal dq.v1.WaitReason.
enum class WaitReason : int16_t {
  kNone = 0,
  kNotBefore = 1,
  kBackoff = 2,
  kDependency = 3,
  kInputUploading = 4,
  kBehindOthers = 5,
  kNoWorkerForStage = 6,
  kQueueAtLimit = 7,
  kProjectAtLimit = 8,
  kConcurrencyKeyAtLimit = 9,
};

// A count that nothing bounds.
inline constexpr int32_t kUnlimited = std::numeric_limits<int32_t>::max();

// What jobs can have in common; numbers equal the column group_limit.kind.
enum class GroupKind : int16_t { kProject = 1, kQueue = 2, kConcurrencyKey = 3 };

// How much a project or a queue may have.
struct GroupLimit {
  GroupKind kind = GroupKind::kQueue;
  std::string name;
  int32_t running_max = kUnlimited;  // Jobs that hold a lease at a time.
  int32_t live_max = kUnlimited;     // Jobs that have not ended; further ones are not accepted.
  int32_t weight = 1;                // Share of a project among those that wait: 1 to 1,000.
  friend bool operator==(const GroupLimit&, const GroupLimit&) = default;
};

// Whether the data passed the gate; numbers equal dq.v1.Verdict.
enum class Verdict : int16_t { kNone = 0, kNotEvaluated = 1, kPassed = 2, kFailed = 3 };

// The key inside: assigned by the leader as epoch << 40 | counter, so never twice and ordered by
// age.
using JobKey = int64_t;

// What a job is called outside: projects/{project}/jobs/{id}.
struct JobName {
  std::string project;
  std::string id;
  friend auto operator<=>(const JobName&, const JobName&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const JobName& name) {
    return H::combine(std::move(state), name.project, name.id);
  }
};

// Identifies one grant of one job. A message about a running job is believed only when all of it
// matches.
struct LeaseId {
  JobName job;
  int32_t attempt = 0;
  std::string token;  // 32 lower-case hex digits.
  friend auto operator<=>(const LeaseId&, const LeaseId&) = default;
};

// Why an attempt or a job failed.
struct JobFailure {
  std::string reason;  // UPPER_SNAKE_CASE; empty: no failure.
  std::string message;
  std::map<std::string, std::string> metadata;
  friend bool operator==(const JobFailure&, const JobFailure&) = default;
};

// The rules the scheduler itself follows. Immutable after creation.
struct JobRules {
  std::string queue = "default";
  int32_t priority = 0;             // -100 … 100, higher is sooner.
  std::vector<std::string> stages;  // Names; a worker must offer all of them.
  int32_t max_attempts = 3;         // Failed or lost attempts until FAILED.
  absl::Duration backoff = absl::Seconds(1);
  double backoff_multiplier = 2.0;
  absl::Duration backoff_cap = absl::Seconds(60);
  absl::Duration execution_timeout = absl::InfiniteDuration();
  absl::Duration no_progress_timeout = absl::InfiniteDuration();
  absl::Time start_deadline = absl::InfiniteFuture();  // The first attempt starts by then or never.
  absl::Time not_before = absl::InfinitePast();
  // At most concurrency_max jobs of the project with the same key run at a time; "": no key.
  std::string concurrency_key;
  int32_t concurrency_max = kUnlimited;
  friend bool operator==(const JobRules&, const JobRules&) = default;
};

// What the API layer keeps with a job; opaque to everyone else. Immutable after creation.
struct JobPayload {
  std::string spec;   // Serialized dq.v1.JobSpec, as given.
  std::string grant;  // Serialized dq.v1.Grant without lease: files and options resolved.
};

// An output of a completed attempt; `kind` is a number of dq.v1.OutputKind.
struct JobOutput {
  int16_t kind = 0;
  std::string file_id;  // The id of the file resource it becomes.
  std::string uri;      // file:///key
  std::string display_name;
  int64_t size_bytes = 0;
  std::string sha256;  // Lower-case hex.
  friend bool operator==(const JobOutput&, const JobOutput&) = default;
};

// The committed outcome of a completed job.
struct JobResult {
  std::string manifest_uri;
  std::string manifest_sha256;
  std::string report_json;  // ≤ 64 KiB; empty for a chain without report.
  std::optional<double> quality_score;
  Verdict verdict = Verdict::kNone;
  std::vector<JobOutput> outputs;
  friend bool operator==(const JobResult&, const JobResult&) = default;
};

// The part of a job that transitions change: one row, rewritten whole.
struct JobStatus {
  JobState state = JobState::kPending;
  int32_t attempt = 0;      // Grants so far; never reset.
  int32_t charges = 0;      // Failed or lost attempts.
  int32_t losses = 0;       // Lost leases among the charges.
  std::string lease_token;  // Of the current attempt; empty when none is live.
  std::string worker;       // Of the current or last attempt.
  WaitReason wait_reason = WaitReason::kNone;
  absl::Time wait_until = absl::InfinitePast();
  JobFailure error;
  absl::Time start_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();
  int64_t version = 0;  // Number of transitions so far = sequence of the last event.
};

// Where a job could go on: what an attempt has left, reported under its lease. Immutable.
struct JobCheckpoint {
  int32_t attempt = 0;   // That took it.
  int64_t sequence = 0;  // Grows within an attempt.
  double percent = 0;
  std::string stage;
  absl::Time time;    // When it was reported.
  std::string place;  // Serialized dq.v1.Checkpoint, for the worker that goes on; opaque.
  friend bool operator==(const JobCheckpoint&, const JobCheckpoint&) = default;
};

// A job of the same project that must be COMPLETED before another one starts.
struct JobDependency {
  std::string id;
  JobKey job = 0;                       // 0: it is to be found by its id.
  JobState state = JobState::kPending;  // As recorded when this was read.
  friend bool operator==(const JobDependency&, const JobDependency&) = default;
};

// The key of a batch inside.
using BatchKey = int64_t;

// Which operation of which batch a job is.
struct JobBatch {
  BatchKey key = 0;  // 0: of none.
  std::string id;
  int32_t index = 0;  // From 1.
  friend bool operator==(const JobBatch&, const JobBatch&) = default;
};

// Where the retry of an ended job begins.
enum class RetryFrom { kCheckpoint, kStart };

// A job as recorded.
struct JobRecord {
  JobKey key = 0;
  JobName name;
  std::string uid;
  std::string display_name;
  std::string request_id;    // Unique per project; empty when the caller gave none.
  std::string request_hash;  // Of the body, to tell a repetition from a reuse.
  std::string created_by;
  std::map<std::string, std::string> labels;
  absl::Time create_time;
  // Ids of the files and references of its project that the job needs: they cannot be deleted while
  // it lives. Filled in by the API from the spec.
  std::vector<std::string> file_ids;
  std::vector<std::string> reference_ids;
  std::vector<JobDependency> dependencies;
  JobBatch batch;
  // Whether its result is an earlier job's: it is COMPLETED as it is created, and the output files
  // are that job's. Not recorded.
  bool has_earlier_result = false;
  // Whether it is created for no more than to be skipped: nothing but that, or a person, lets it
  // go on. Not recorded.
  bool is_held = false;
  JobRules rules;
  JobPayload payload;
  JobStatus status;
  // The newest one; null: the next attempt begins at the beginning.
  std::shared_ptr<const JobCheckpoint> checkpoint;
  std::optional<JobResult> result;  // Once COMPLETED.
};

// How far a running attempt is. Not recorded at every beat; monotone within an attempt.
struct JobProgress {
  double percent = 0;
  std::string stage;
  int32_t stage_index = 0;
  int32_t stage_count = 0;
  int64_t rows_done = 0;
  int64_t bytes_done = 0;
  int64_t bytes_total = 0;
  std::string current_step;
  absl::Time estimated_end_time = absl::InfinitePast();
};

// One transition, append-only.
struct JobEventRecord {
  int64_t sequence = 0;  // From 1, gapless per job.
  absl::Time time;
  JobEvent event = JobEvent::kCreate;
  std::optional<JobState> from;  // Empty for the creation.
  JobState to = JobState::kPending;
  int32_t attempt = 0;
  std::string worker;
  std::string actor;  // A principal, a worker, or "scheduler".
  std::string reason;
  std::string message;
};

// Returns whether `state` is COMPLETED, FAILED, CANCELLED or SKIPPED.
constexpr bool IsTerminal(JobState state) {
  return state == JobState::kCompleted || state == JobState::kFailed ||
         state == JobState::kCancelled || state == JobState::kSkipped;
}

// Returns whether a worker holds a lease in `state`: PROCESSING, PAUSING or CANCELLING.
constexpr bool IsLeased(JobState state) {
  return state == JobState::kProcessing || state == JobState::kPausing ||
         state == JobState::kCancelling;
}

}  // namespace dq
