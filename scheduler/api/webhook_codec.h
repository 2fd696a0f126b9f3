// Webhooks and deliveries between the values of core and dq.v1. Stateless and thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/webhook.pb.h"
#include "dq/v1/webhook_service.pb.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/core/webhook.h"

namespace dq {

// The parts of "projects/p/webhooks/w/deliveries/d-7".
struct DeliveryName {
  ProjectResource webhook;
  DeliveryKey key = 0;
};

// INVALID_ARGUMENT (BAD_FIELD) naming `field` for anything else.
absl::StatusOr<DeliveryName> ParseDeliveryName(const std::string& name, std::string_view field);

// Returns the webhook without its secret.
v1::Webhook ToProto(const WebhookRecord& webhook);
// `webhook` is the delivery's.
v1::WebhookDelivery ToProto(const WebhookRecord& webhook, const WebhookDelivery& delivery);
v1::TestWebhookResponse ToProto(const WebhookAnswer& answer);

}  // namespace dq
