// What people read of webhooks and deliveries. Stateless and thread-safe.
#pragma once

#include <span>
#include <string>

#include "dq/v1/webhook_service.pb.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {

// Returns "job.completed" and the like.
std::string EventName(dq::v1::WebhookEvent event);

// A row a webhook.
Table WebhooksTable(std::span<const dq::v1::Webhook> webhooks);
// A row a field of a new webhook, with its secret if there is one to tell.
Table NewWebhookDetails(const dq::v1::CreateWebhookResponse& created);
// A row a delivery.
Table DeliveriesTable(std::span<const dq::v1::WebhookDelivery> deliveries);
// A row a field.
Table TestDetails(const dq::v1::TestWebhookResponse& test);

}  // namespace dq::dqctl
