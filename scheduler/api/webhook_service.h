// dq.v1.WebhookService. Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <memory>

#include "dq/v1/webhook_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/core/webhook_store.h"
#include "scheduler/engine/webhook_sender.h"

namespace dq {

class WebhookService final : public v1::WebhookService::CallbackService {
 public:
  // `webhooks` blocks; it and `sender` outlive the service.
  WebhookService(const ApiPorts& ports, WebhookStore& webhooks, WebhookSender& sender)
      : ports_(ports), webhooks_(webhooks), sender_(sender) {}

  grpc::ServerUnaryReactor* CreateWebhook(grpc::CallbackServerContext* context,
                                          const v1::CreateWebhookRequest* request,
                                          v1::CreateWebhookResponse* response) override;
  grpc::ServerUnaryReactor* GetWebhook(grpc::CallbackServerContext* context,
                                       const v1::GetWebhookRequest* request,
                                       v1::GetWebhookResponse* response) override;
  grpc::ServerUnaryReactor* ListWebhooks(grpc::CallbackServerContext* context,
                                         const v1::ListWebhooksRequest* request,
                                         v1::ListWebhooksResponse* response) override;
  grpc::ServerUnaryReactor* EnableWebhook(grpc::CallbackServerContext* context,
                                          const v1::EnableWebhookRequest* request,
                                          v1::EnableWebhookResponse* response) override;
  grpc::ServerUnaryReactor* DeleteWebhook(grpc::CallbackServerContext* context,
                                          const v1::DeleteWebhookRequest* request,
                                          v1::DeleteWebhookResponse* response) override;
  grpc::ServerUnaryReactor* TestWebhook(grpc::CallbackServerContext* context,
                                        const v1::TestWebhookRequest* request,
                                        v1::TestWebhookResponse* response) override;
  grpc::ServerUnaryReactor* ListDeliveries(grpc::CallbackServerContext* context,
                                           const v1::ListDeliveriesRequest* request,
                                           v1::ListDeliveriesResponse* response) override;
  grpc::ServerUnaryReactor* ResendDelivery(grpc::CallbackServerContext* context,
                                           const v1::ResendDeliveryRequest* request,
                                           v1::ResendDeliveryResponse* response) override;

 private:
  // Records a webhook, makes it effective, answers.
  void Create(const std::shared_ptr<UnaryCall>& call, const WebhookRecord& wanted, int64_t epoch,
              v1::CreateWebhookResponse& response);
  absl::StatusOr<WebhookRecord> Find(const std::string& name, std::string_view field) const;

  const ApiPorts ports_;
  WebhookStore& webhooks_;
  WebhookSender& sender_;
};

}  // namespace dq
