// The values that describe a schedule inside the scheduler: what is to run when, and its runs.
// Plain data; what the API calls the template travels here as opaque bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace dq {

// The key of a schedule inside.
using ScheduleKey = int64_t;

// What becomes of a run whose time comes while an earlier one goes on. Numbers equal
// dq.v1.OverlapPolicy and the column schedule.overlap.
enum class OverlapPolicy : int16_t {
  kSkip = 1,
  kQueue = 2,          // It waits its turn.
  kCancelRunning = 3,  // The earlier one is cancelled; it begins once that has ended.
};

// What a run is. Numbers equal the columns schedule.kind and schedule_run.kind.
enum class RunKind : int16_t { kJob = 1, kBatch = 2 };

// Numbers equal dq.v1.ScheduleRunState and the column schedule_run.state.
enum class RunState : int16_t {
  kWaiting = 1,  // To be made a job or a batch.
  kRunning = 2,  // It is one that has not ended.
  kCompleted = 3,
  kPartialSuccess = 4,  // Of a batch.
  kFailed = 5,
  kCancelled = 6,
  kSkipped = 7,
};

// A schedule as recorded.
struct ScheduleRecord {
  ScheduleKey key = 0;
  std::string project;
  std::string id;
  std::string uid;
  std::string request_id;    // Unique per project; empty when the caller gave none.
  std::string request_hash;  // Of the body, to tell a repetition from a reuse.
  std::string created_by;
  absl::Time create_time;

  // What users change.
  std::string display_name;
  std::map<std::string, std::string> labels;
  std::string cron;
  std::string time_zone;
  OverlapPolicy overlap = OverlapPolicy::kSkip;
  absl::Duration catch_up_window;
  bool paused = false;
  RunKind kind = RunKind::kJob;
  std::string request;  // Serialized dq.v1.CreateJobRequest or CreateBatchRequest.
  absl::Time update_time;
  int64_t revision = 1;  // Counts these changes.

  // What its runs change.
  absl::Time decided_until;  // What is to become of the times up to here is recorded.
  absl::Time look_time;      // When there is something to do next; InfiniteFuture: nothing.
  int64_t runs = 0;          // So many runs were recorded; the number of the last one.
  int64_t skipped = 0;       // Times that were skipped because of overlap.
  int64_t missed = 0;        // Times that were found too late.
  int64_t version = 1;       // Counts all changes.
  friend bool operator==(const ScheduleRecord&, const ScheduleRecord&) = default;
};

// One time that came, or a trigger.
struct ScheduleRun {
  int64_t number = 0;         // From 1 in each schedule.
  absl::Time fire_time;       // The time of the expression, or when it was triggered.
  bool is_triggered = false;  // By a person or another service.
  std::string request_id;     // Of the trigger; unique among those of the schedule that are kept.
  std::string actor;          // Who triggered it.
  RunKind kind = RunKind::kJob;
  RunState state = RunState::kWaiting;
  // The id of its job or batch, of one that waits the id that it is about to get; empty: it was
  // never to be made.
  std::string target;
  std::string error_reason;
  std::string error_message;
  absl::Time start_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();
  friend bool operator==(const ScheduleRun&, const ScheduleRun&) = default;
};

// Returns whether nothing more becomes of a run.
constexpr bool HasEnded(RunState state) {
  return state != RunState::kWaiting && state != RunState::kRunning;
}

}  // namespace dq
