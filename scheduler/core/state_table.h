// The state machine of a job: the one table that says which event is legal in which state and where
// it leads. Pure and constexpr; static_asserts in state_table.cc prove it deterministic and without
// traps. PostgreSQL holds the same rows (written by a migration) and the scheduler compares them at
// start.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "scheduler/core/job.h"

namespace dq {

// One row: `event` in state `from` leads to `to`. There is at most one row for a (from, event).
struct Transition {
  JobState from;
  JobEvent event;
  JobState to;
  friend bool operator==(const Transition&, const Transition&) = default;
};

// Every legal transition of an existing job. `create` has no row: it makes a job PENDING or QUEUED,
// or COMPLETED with the result of an earlier one. Nor has `delete`: it leads to no state, and only
// an ended job is deleted.
inline constexpr auto kTransitions = std::to_array<Transition>({
    {JobState::kPending, JobEvent::kReady, JobState::kQueued},
    {JobState::kPending, JobEvent::kPause, JobState::kPaused},
    {JobState::kPending, JobEvent::kCancel, JobState::kCancelled},
    {JobState::kPending, JobEvent::kSkip, JobState::kSkipped},
    {JobState::kQueued, JobEvent::kClaim, JobState::kProcessing},
    {JobState::kQueued, JobEvent::kPause, JobState::kPaused},
    {JobState::kQueued, JobEvent::kCancel, JobState::kCancelled},
    {JobState::kQueued, JobEvent::kSkip, JobState::kSkipped},
    {JobState::kQueued, JobEvent::kExpire, JobState::kFailed},
    {JobState::kProcessing, JobEvent::kComplete, JobState::kCompleted},
    {JobState::kProcessing, JobEvent::kRetry, JobState::kPending},
    {JobState::kProcessing, JobEvent::kGiveUp, JobState::kFailed},
    {JobState::kProcessing, JobEvent::kRelease, JobState::kQueued},
    {JobState::kProcessing, JobEvent::kRequestPause, JobState::kPausing},
    {JobState::kProcessing, JobEvent::kRequestCancel, JobState::kCancelling},
    {JobState::kPausing, JobEvent::kConfirmPause, JobState::kPaused},
    {JobState::kPausing, JobEvent::kLose, JobState::kPaused},
    {JobState::kPausing, JobEvent::kRelease, JobState::kPaused},
    {JobState::kPausing, JobEvent::kComplete, JobState::kCompleted},
    {JobState::kPausing, JobEvent::kGiveUp, JobState::kFailed},
    {JobState::kPausing, JobEvent::kRequestCancel, JobState::kCancelling},
    {JobState::kCancelling, JobEvent::kConfirmCancel, JobState::kCancelled},
    {JobState::kCancelling, JobEvent::kLose, JobState::kCancelled},
    {JobState::kCancelling, JobEvent::kRelease, JobState::kCancelled},
    {JobState::kCancelling, JobEvent::kGiveUp, JobState::kCancelled},
    // A resumed job that has something to wait for stays PENDING; otherwise `ready` follows at
    // once.
    {JobState::kPaused, JobEvent::kResume, JobState::kPending},
    {JobState::kPaused, JobEvent::kCancel, JobState::kCancelled},
    {JobState::kPaused, JobEvent::kSkip, JobState::kSkipped},
    {JobState::kFailed, JobEvent::kReopen, JobState::kQueued},
    {JobState::kCancelled, JobEvent::kReopen, JobState::kQueued},
    {JobState::kSkipped, JobEvent::kReopen, JobState::kQueued},
});

// Every state and every event, in the order of their numbers.
inline constexpr auto kJobStates = std::to_array<JobState>({
    JobState::kPending,
    JobState::kQueued,
    JobState::kProcessing,
    JobState::kPausing,
    JobState::kPaused,
    JobState::kCancelling,
    JobState::kCompleted,
    JobState::kFailed,
    JobState::kCancelled,
    JobState::kSkipped,
});
inline constexpr auto kJobEvents = std::to_array<JobEvent>({
    JobEvent::kCreate,       JobEvent::kReady,  JobEvent::kClaim,         JobEvent::kComplete,
    JobEvent::kRetry,        JobEvent::kGiveUp, JobEvent::kRelease,       JobEvent::kRequestPause,
    JobEvent::kConfirmPause, JobEvent::kLose,   JobEvent::kRequestCancel, JobEvent::kConfirmCancel,
    JobEvent::kPause,        JobEvent::kResume, JobEvent::kCancel,        JobEvent::kSkip,
    JobEvent::kExpire,       JobEvent::kReopen, JobEvent::kDelete,
});

// Returns whether `create` may put a job into `state`.
constexpr bool IsInitial(JobState state) {
  return state == JobState::kPending || state == JobState::kQueued;
}

// Returns where `event` leads from `from`; nothing when it is illegal there.
std::optional<JobState> NextState(JobState from, JobEvent event);

// Returns the name as users know it, for example "PROCESSING".
std::string_view StateName(JobState state);
// Returns the state of that exact name; nothing for any other text.
std::optional<JobState> StateFromName(std::string_view name);

// Returns the name as the history shows it, for example "request_cancel".
std::string_view EventName(JobEvent event);
// Returns the event of that exact name; nothing for any other text.
std::optional<JobEvent> EventFromName(std::string_view name);

}  // namespace dq
