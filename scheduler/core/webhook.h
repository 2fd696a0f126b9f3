// The values that describe a webhook: where a project wants to be told of the ends of its jobs and
// batches, and what became of each telling. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduler/core/batch.h"
#include "scheduler/core/job.h"

namespace dq {

// What is told. Numbers equal dq.v1.WebhookEvent, the column webhook_delivery.event and the bits of
// webhook.events.
enum class WebhookEvent : int16_t {
  kJobCompleted = 1,
  kJobFailed = 2,
  kJobCancelled = 3,
  kJobSkipped = 4,
  kBatchCompleted = 5,
  kBatchPartialSuccess = 6,
  kBatchFailed = 7,
  kBatchCancelled = 8,
  kTest = 9,  // Asked for by a person; never recorded.
};

// What a webhook can be told of, each with its own bit.
inline constexpr int32_t kEveryWebhookEvent = 0b1'1111'1110;

// Returns the bit of an event in WebhookRecord::events.
constexpr int32_t WebhookEventBit(WebhookEvent event) { return 1 << static_cast<int>(event); }

// Returns what a job or batch in this state is told as; nothing when the state is not terminal.
constexpr std::optional<WebhookEvent> WebhookEventOf(JobState state) {
  if (!IsTerminal(state)) return std::nullopt;
  constexpr int kFirst = static_cast<int>(JobState::kCompleted);
  return static_cast<WebhookEvent>(static_cast<int>(state) - kFirst + 1);
}
constexpr std::optional<WebhookEvent> WebhookEventOf(BatchState state) {
  constexpr int kFirst = static_cast<int>(BatchState::kCompleted);
  if (static_cast<int>(state) < kFirst) return std::nullopt;
  return static_cast<WebhookEvent>(static_cast<int>(state) - kFirst + 5);
}
constexpr bool IsOfBatch(WebhookEvent event) {
  return event >= WebhookEvent::kBatchCompleted && event <= WebhookEvent::kBatchCancelled;
}

static_assert(WebhookEventOf(JobState::kSkipped) == WebhookEvent::kJobSkipped);
static_assert(WebhookEventOf(BatchState::kCancelled) == WebhookEvent::kBatchCancelled);

using WebhookKey = int64_t;

// Why nothing is sent to a webhook any more. Numbers equal dq.v1.WebhookDisableReason and the
// column webhook.disable_reason.
enum class WebhookDisabling : int16_t {
  kNone = 0,
  kGone = 1,     // It answered 410.
  kFailing = 2,  // Nothing has reached it for days.
};

// A webhook as recorded.
struct WebhookRecord {
  WebhookKey key = 0;
  std::string project;
  std::string id;
  std::string uid;           // 32 hex digits.
  std::string request_id;    // Unique per project; empty when the caller gave none.
  std::string request_hash;  // Of the body, to tell a repetition from a reuse.
  std::string display_name;
  std::string url;
  std::string secret;  // whsec_...; never shown again, never logged.
  int32_t events = kEveryWebhookEvent;
  std::string created_by;
  absl::Time create_time;

  // What changes.
  absl::Time failing_since = absl::InfinitePast();  // Of the first failure since the last success.
  absl::Time disable_time = absl::InfinitePast();   // Not while it is told.
  WebhookDisabling disabling = WebhookDisabling::kNone;
  friend bool operator==(const WebhookRecord&, const WebhookRecord&) = default;
};

// A webhook and whose ends it wants to hear of: what a leader knows.
struct WebhookPlace {
  std::string project;
  WebhookKey key = 0;
  friend bool operator==(const WebhookPlace&, const WebhookPlace&) = default;
};

// What has become of a delivery. Numbers equal dq.v1.DeliveryState and the column
// webhook_delivery.state.
enum class DeliveryState : int16_t {
  kWaiting = 1,    // For its first or next try.
  kDelivered = 2,  // Answered with 2xx.
  kFailed = 3,     // Out of tries.
  kAbandoned = 4,  // The webhook was disabled first.
};

// Identifies a delivery; ascending in the order in which the ends were recorded.
using DeliveryKey = int64_t;

// One end that one webhook is told of.
struct WebhookDelivery {
  DeliveryKey key = 0;
  WebhookEvent event = WebhookEvent::kTest;
  int64_t subject = 0;     // Key of the job or batch.
  std::string subject_id;  // Its id.
  std::string reason;      // Of a job that failed or was skipped.
  absl::Time time;         // Of the end.

  DeliveryState state = DeliveryState::kWaiting;
  absl::Time due = absl::InfinitePast();        // Of the next try, while it waits.
  int32_t attempts = 0;                         // Ever.
  int32_t tries = 0;                            // Since it was recorded, or sent anew.
  absl::Time last_time = absl::InfinitePast();  // Of the last attempt.
  int32_t last_status = 0;                      // Its HTTP status; 0: there was no answer.
  std::string last_error;                       // Why not; empty after an answer.
  absl::Duration last_latency;
  friend bool operator==(const WebhookDelivery&, const WebhookDelivery&) = default;
};

// What never changes of a job or batch, for the body. Absent once it is deleted.
struct DeliverySubject {
  std::string uid;
  std::map<std::string, std::string> labels;
  std::string batch;  // Id; of an operation only.
  int32_t index = 0;  // Likewise.
  Verdict verdict = Verdict::kNone;
  std::optional<double> quality_score;
  int32_t operations = 0;  // Of a batch.
  friend bool operator==(const DeliverySubject&, const DeliverySubject&) = default;
};

// A delivery that is due, with all that is needed to send it.
struct DueDelivery {
  WebhookDelivery delivery;
  WebhookRecord webhook;  // Without what only its creation needs.
  std::optional<DeliverySubject> subject;
};

// What a request to a webhook came to.
struct WebhookAnswer {
  int32_t status = 0;  // HTTP; 0: none.
  std::string error;   // Why there is none.
  absl::Duration latency;
};

// What an attempt has made of a delivery, to be recorded.
struct DeliveryAttempt {
  WebhookKey webhook = 0;
  DeliveryKey key = 0;
  int32_t attempts = 0;  // Before it: the fence.
  WebhookAnswer answer;
  absl::Time time;
  DeliveryState state = DeliveryState::kWaiting;
  absl::Time due = absl::InfinitePast();  // While kWaiting.
  // What becomes of the webhook.
  WebhookDisabling disabling = WebhookDisabling::kNone;
};

// What waits to be sent.
struct OutboxDepth {
  int64_t waiting = 0;  // At most kOutboxCountMax.
  absl::Time oldest = absl::InfinitePast();
};

inline constexpr int kOutboxCountMax = 100'000;
inline constexpr int kWebhooksPerProjectMax = 50;

}  // namespace dq
