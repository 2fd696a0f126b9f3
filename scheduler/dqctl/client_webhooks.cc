// The calls about webhooks.
#include <utility>

#include "scheduler/dqctl/client_call.h"

namespace dq::dqctl {

using Stub = dq::v1::WebhookService::Stub;

absl::StatusOr<dq::v1::CreateWebhookResponse> Client::CreateWebhook(
    const dq::v1::CreateWebhookRequest& request) {
  return Call(*stubs_->webhook, &Stub::CreateWebhook, request);
}

absl::StatusOr<dq::v1::ListWebhooksResponse> Client::ListWebhooks(
    const dq::v1::ListWebhooksRequest& request) {
  return Call(*stubs_->webhook, &Stub::ListWebhooks, request);
}

absl::StatusOr<dq::v1::Webhook> Client::EnableWebhook(const std::string& name) {
  dq::v1::EnableWebhookRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response, Call(*stubs_->webhook, &Stub::EnableWebhook, request));
  return std::move(*response.mutable_webhook());
}

absl::Status Client::DeleteWebhook(const std::string& name) {
  dq::v1::DeleteWebhookRequest request;
  request.set_name(name);
  return Call(*stubs_->webhook, &Stub::DeleteWebhook, request).status();
}

absl::StatusOr<dq::v1::TestWebhookResponse> Client::TestWebhook(const std::string& name) {
  dq::v1::TestWebhookRequest request;
  request.set_name(name);
  return Call(*stubs_->webhook, &Stub::TestWebhook, request);
}

absl::StatusOr<dq::v1::ListDeliveriesResponse> Client::ListDeliveries(
    const dq::v1::ListDeliveriesRequest& request) {
  return Call(*stubs_->webhook, &Stub::ListDeliveries, request);
}

absl::StatusOr<dq::v1::WebhookDelivery> Client::ResendDelivery(const std::string& name) {
  dq::v1::ResendDeliveryRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response, Call(*stubs_->webhook, &Stub::ResendDelivery, request));
  return std::move(*response.mutable_delivery());
}

}  // namespace dq::dqctl
