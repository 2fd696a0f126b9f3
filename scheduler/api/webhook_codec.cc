#include "scheduler/api/webhook_codec.h"

#include <charconv>

#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/core/webhook_message.h"

namespace dq {
namespace {

constexpr std::string_view kDeliveries = "/deliveries/d-";

static_assert(static_cast<int>(WebhookEvent::kBatchCancelled) == v1::WEBHOOK_EVENT_BATCH_CANCELLED);
static_assert(static_cast<int>(WebhookDisabling::kFailing) == v1::WEBHOOK_DISABLE_REASON_FAILING);
static_assert(static_cast<int>(DeliveryState::kAbandoned) == v1::DELIVERY_STATE_ABANDONED);

}  // namespace

absl::StatusOr<DeliveryName> ParseDeliveryName(const std::string& name, std::string_view field) {
  const size_t at = name.find(kDeliveries);
  DeliveryName parsed;
  const char* const end = name.data() + name.size();
  const char* const digits = at == std::string::npos ? end : name.data() + at + kDeliveries.size();
  const auto read = std::from_chars(digits, end, parsed.key);
  const bool is_one = digits != end && read.ec == std::errc() && read.ptr == end && parsed.key > 0;
  if (!is_one) {
    return FieldError("BAD_FIELD", {{std::string(field),
                                     "projects/{project}/webhooks/{webhook}/deliveries/{id}"}});
  }
  DQ_ASSIGN_OR_RETURN(parsed.webhook, ParseResource(name.substr(0, at), kWebhooks, field));
  return parsed;
}

v1::Webhook ToProto(const WebhookRecord& webhook) {
  v1::Webhook proto;
  proto.set_name(ResourceText(webhook.project, kWebhooks, webhook.id));
  proto.set_url(webhook.url);
  for (int event = 1; event <= static_cast<int>(WebhookEvent::kBatchCancelled); ++event) {
    const bool wants = (webhook.events & WebhookEventBit(static_cast<WebhookEvent>(event))) != 0;
    if (wants) proto.add_events(static_cast<v1::WebhookEvent>(event));
  }
  proto.set_display_name(webhook.display_name);
  if (webhook.disable_time != absl::InfinitePast()) {
    *proto.mutable_disable_time() = ToProto(webhook.disable_time);
  }
  proto.set_disable_reason(static_cast<v1::WebhookDisableReason>(webhook.disabling));
  if (webhook.failing_since != absl::InfinitePast()) {
    *proto.mutable_failing_since() = ToProto(webhook.failing_since);
  }
  proto.set_created_by(webhook.created_by);
  *proto.mutable_create_time() = ToProto(webhook.create_time);
  return proto;
}

v1::WebhookDelivery ToProto(const WebhookRecord& webhook, const WebhookDelivery& delivery) {
  v1::WebhookDelivery proto;
  proto.set_name(ResourceText(webhook.project, kWebhooks, webhook.id) + std::string(kDeliveries) +
                 std::to_string(delivery.key));
  proto.set_message_id(WebhookMessageId(webhook, delivery.key));
  proto.set_event(static_cast<v1::WebhookEvent>(delivery.event));
  proto.set_subject(ResourceText(webhook.project, IsOfBatch(delivery.event) ? kBatches : kJobs,
                                 delivery.subject_id));
  *proto.mutable_event_time() = ToProto(delivery.time);
  proto.set_state(static_cast<v1::DeliveryState>(delivery.state));
  if (delivery.state == DeliveryState::kWaiting) {
    *proto.mutable_next_attempt_time() = ToProto(delivery.due);
  }
  proto.set_attempts(delivery.attempts);
  if (delivery.attempts > 0) {
    *proto.mutable_last_attempt_time() = ToProto(delivery.last_time);
    *proto.mutable_last_latency() = ToProto(delivery.last_latency);
  }
  proto.set_last_status(delivery.last_status);
  proto.set_last_error(delivery.last_error);
  return proto;
}

v1::TestWebhookResponse ToProto(const WebhookAnswer& answer) {
  v1::TestWebhookResponse proto;
  proto.set_delivered(answer.status >= 200 && answer.status < 300);
  proto.set_status(answer.status);
  proto.set_error(answer.error);
  *proto.mutable_latency() = ToProto(answer.latency);
  return proto;
}

}  // namespace dq
