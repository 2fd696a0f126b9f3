#include "scheduler/core/refused_change.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

constexpr char kScheduler[] = "scheduler";

bool EndsAttempt(const JobEventRecord& event) {
  return event.from.has_value() && IsLeased(*event.from) && !IsLeased(event.to);
}

bool IsCharged(JobEvent event) {
  return event == JobEvent::kRetry || event == JobEvent::kGiveUp || event == JobEvent::kLose;
}

// A lost lease is told by its reason.
bool IsLoss(const JobEventRecord& event) {
  return event.reason == "WORKER_LOST" || event.reason == "POISON";
}

}  // namespace

JobFailure RefusedResult(const absl::Status& why) {
  ErrorMetadata metadata = MetadataOf(why);
  metadata["category"] = "system";
  return {"RESULT_REFUSED", "What the worker reported cannot be recorded. " + MessageOf(why),
          std::move(metadata)};
}

std::optional<JobUpdate> RefusedEnd(const JobUpdate& update, const absl::Status& why) {
  const auto end = std::ranges::find_if(update.events, EndsAttempt);
  if (end == update.events.end()) return std::nullopt;
  JobUpdate instead = update;
  instead.result.reset();
  instead.events.assign(update.events.begin(), end + 1);
  // What persons said with what they asked for may be the value that was refused.
  for (JobEventRecord& earlier : instead.events) earlier.message.clear();
  const JobFailure failure = RefusedResult(why);
  JobEventRecord& event = instead.events.back();
  event.event = JobEvent::kGiveUp;
  event.to = *NextState(*event.from, JobEvent::kGiveUp);
  event.actor = kScheduler;
  event.reason = failure.reason;
  event.message = failure.message;
  JobStatus& status = instead.status;
  status.state = event.to;
  status.version = event.sequence;
  status.attempt = event.attempt;
  status.worker = event.worker;
  status.lease_token.clear();
  status.wait_reason = WaitReason::kNone;
  status.wait_until = absl::InfinitePast();
  status.end_time = event.time;
  if (!IsCharged(end->event)) ++status.charges;
  // The checkpoint of a worker that was lost: the job fails for what it said, not for the loss.
  if (IsLoss(*end)) --status.losses;
  if (event.to == JobState::kFailed) status.error = failure;
  return instead;
}

}  // namespace dq
