#include "scheduler/api/webhook_service.h"

#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"
#include "scheduler/api/webhook_codec.h"
#include "scheduler/core/webhook_message.h"

namespace dq {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kDisplayNameCharactersMax = 200;
constexpr size_t kSecretBytes = 32;
constexpr size_t kUidBytes = 16;
constexpr int kEventsNamedMax = 100;
// How long a repeated call is told the secret that the first one made.
constexpr absl::Duration kSecretToldFor = absl::Minutes(10);

absl::Status CheckCreate(const v1::CreateWebhookRequest& request, const WebhookSender& sender) {
  const v1::Webhook& webhook = request.webhook();
  Violations violations;
  violations.Merge(ParseProject(request.parent(), "parent").status());
  violations.Require(request.webhook_id().empty() || IsResourceId(request.webhook_id()),
                     "webhook_id",
                     "an id: lower-case letters, digits and dashes, from a letter on");
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  violations.Require(IsPlainText(webhook.display_name(), kDisplayNameCharactersMax),
                     "webhook.display_name", "at most 200 characters, no control characters");
  const absl::Status url = sender.CheckUrl(webhook.url());
  violations.Require(url.ok(), "webhook.url", MessageOf(url));
  violations.Require(webhook.events_size() <= kEventsNamedMax, "webhook.events",
                     "every event once");
  for (const int event : webhook.events()) {
    const bool is_one = v1::WebhookEvent_IsValid(event) && event != 0;
    violations.Require(is_one, "webhook.events", "events of jobs and batches");
  }
  const absl::Status secret = WebhookSecretKey(request.secret()).status();
  violations.Require(request.secret().empty() || secret.ok(), "secret", MessageOf(secret));
  return violations.ToStatus();
}

// Returns what tells a repetition of the request from a reuse of its id.
std::string HashOf(const v1::CreateWebhookRequest& request) {
  v1::CreateWebhookRequest body;
  body.set_parent(request.parent());
  body.set_webhook_id(request.webhook_id());
  body.set_secret(request.secret());
  const v1::Webhook& asked = request.webhook();
  body.mutable_webhook()->set_url(asked.url());
  *body.mutable_webhook()->mutable_events() = asked.events();
  body.mutable_webhook()->set_display_name(asked.display_name());
  return Sha256Of(body.SerializeAsString());
}

int32_t EventsOf(const v1::Webhook& webhook) {
  if (webhook.events().empty()) return kEveryWebhookEvent;
  int32_t events = 0;
  for (const int event : webhook.events()) {
    events |= WebhookEventBit(static_cast<WebhookEvent>(event));
  }
  return events;
}

// Returns the record of a request that was checked.
WebhookRecord RecordOf(const v1::CreateWebhookRequest& request, const std::string& caller,
                       absl::Time now) {
  WebhookRecord record;
  record.project = *ParseProject(request.parent(), "parent");
  record.id = request.webhook_id().empty() ? TimeOrderedId("w-", now) : request.webhook_id();
  record.uid = RandomHex(kUidBytes);
  record.request_id = request.request_id();
  record.request_hash = HashOf(request);
  record.display_name = request.webhook().display_name();
  record.url = request.webhook().url();
  record.secret = request.secret();
  if (record.secret.empty()) {
    // Random bytes: hex digits are half of a byte each.
    record.secret = WebhookSecret(RandomHex(kSecretBytes));
  }
  record.events = EventsOf(request.webhook());
  record.created_by = caller;
  record.create_time = now;
  return record;
}

absl::Status List(WebhookStore& webhooks, const v1::ListWebhooksRequest& request,
                  v1::ListWebhooksResponse& response) {
  const std::string identity = "ListWebhooks " + request.parent();
  DQ_ASSIGN_OR_RETURN(const std::string project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const WebhookKey after, ReadNumberToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(const std::vector<WebhookRecord> all, webhooks.ListWebhooks(project));
  WebhookKey last = 0;
  for (const WebhookRecord& webhook : all) {
    if (webhook.key <= after) continue;
    if (response.webhooks_size() == size) {
      response.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      break;
    }
    *response.add_webhooks() = ToProto(webhook);
    last = webhook.key;
  }
  return absl::OkStatus();
}

absl::Status ListThose(WebhookStore& webhooks, const WebhookRecord& webhook,
                       const v1::ListDeliveriesRequest& request,
                       v1::ListDeliveriesResponse& response) {
  const std::string identity = "ListDeliveries " + request.parent();
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const DeliveryKey before, ReadNumberToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(const std::vector<WebhookDelivery> page,
                      webhooks.ListDeliveries(webhook.key, before, size + 1));
  for (const WebhookDelivery& delivery : page) {
    if (response.deliveries_size() == size) {
      const DeliveryKey last = page[static_cast<size_t>(size) - 1].key;
      response.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      break;
    }
    *response.add_deliveries() = ToProto(webhook, delivery);
  }
  return absl::OkStatus();
}

absl::Status Disabled(const WebhookRecord& webhook) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "WEBHOOK_DISABLED",
                   "the webhook " + webhook.id + " is disabled: enable it first");
}

}  // namespace

absl::StatusOr<WebhookRecord> WebhookService::Find(const std::string& name,
                                                   std::string_view field) const {
  DQ_ASSIGN_OR_RETURN(const ProjectResource parts, ParseResource(name, kWebhooks, field));
  return webhooks_.GetWebhook(parts.project, parts.id);
}

grpc::ServerUnaryReactor* WebhookService::CreateWebhook(grpc::CallbackServerContext* context,
                                                        const v1::CreateWebhookRequest* request,
                                                        v1::CreateWebhookResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "WebhookService/CreateWebhook");
  if (const absl::Status valid = CheckCreate(*request, sender_); !valid.ok()) {
    call->Finish(valid);
    return call->reactor();
  }
  const WebhookRecord wanted = RecordOf(*request, call->caller(), ports_.clock.Now());
  call->set_subject(ResourceText(wanted.project, kWebhooks, wanted.id));
  // Only the leader can make it effective: another replica must not record it unheard.
  ports_.scheduler.GetStats(
      [this, call, wanted, response](const absl::StatusOr<SchedulerStats>& stats) {
        if (!stats.ok()) return call->Finish(stats.status());
        call->RunBlocking([this, call, wanted, response, epoch = stats->epoch] {
          Create(call, wanted, epoch, *response);
        });
      });
  return call->reactor();
}

void WebhookService::Create(const std::shared_ptr<UnaryCall>& call, const WebhookRecord& wanted,
                            int64_t epoch, v1::CreateWebhookResponse& response) {
  if (const absl::Status told = call->Audit("create_webhook"); !told.ok()) {
    return call->Finish(told);
  }
  const auto created = webhooks_.CreateWebhook(wanted, epoch);
  if (!created.ok()) {
    const absl::Status& why = created.status();
    // Another leads by now: the same call may succeed there.
    return call->Finish(absl::IsAborted(why) ? MakeError(absl::StatusCode::kUnavailable,
                                                         ReasonOf(why), MessageOf(why))
                                             : why);
  }
  const WebhookRecord& record = created->record;
  *response.mutable_webhook() = ToProto(record);
  response.set_existed(created->existed);
  const bool is_told = wanted.create_time - record.create_time < kSecretToldFor;
  if (is_told) response.set_secret(record.secret);
  ports_.scheduler.SetWebhook({record.project, record.key}, WebhookPresence::kThere,
                              [call](const absl::Status& set) { call->Finish(set); });
}

grpc::ServerUnaryReactor* WebhookService::GetWebhook(grpc::CallbackServerContext* context,
                                                     const v1::GetWebhookRequest* request,
                                                     v1::GetWebhookResponse* response) {
  return AnswerBlocking(ports_, context, "WebhookService/GetWebhook",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(const WebhookRecord webhook,
                                              Find(request->name(), "name"));
                          *response->mutable_webhook() = ToProto(webhook);
                          return absl::OkStatus();
                        });
}

grpc::ServerUnaryReactor* WebhookService::ListWebhooks(grpc::CallbackServerContext* context,
                                                       const v1::ListWebhooksRequest* request,
                                                       v1::ListWebhooksResponse* response) {
  return AnswerBlocking(
      ports_, context, "WebhookService/ListWebhooks",
      [this, request, response](RpcCall&) { return List(webhooks_, *request, *response); });
}

grpc::ServerUnaryReactor* WebhookService::EnableWebhook(grpc::CallbackServerContext* context,
                                                        const v1::EnableWebhookRequest* request,
                                                        v1::EnableWebhookResponse* response) {
  return AnswerBlocking(ports_, context, "WebhookService/EnableWebhook",
                        [this, request, response](RpcCall& call) -> absl::Status {
                          call.set_subject(request->name());
                          DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                                              ParseResource(request->name(), kWebhooks, "name"));
                          DQ_RETURN_IF_ERROR(call.Audit("enable_webhook"));
                          DQ_ASSIGN_OR_RETURN(const WebhookRecord webhook,
                                              webhooks_.EnableWebhook(name.project, name.id));
                          *response->mutable_webhook() = ToProto(webhook);
                          return absl::OkStatus();
                        });
}

grpc::ServerUnaryReactor* WebhookService::DeleteWebhook(grpc::CallbackServerContext* context,
                                                        const v1::DeleteWebhookRequest* request,
                                                        v1::DeleteWebhookResponse*) {
  return AnswerBlocking(
      ports_, context, "WebhookService/DeleteWebhook",
      [this, request](RpcCall& call) -> absl::Status {
        call.set_subject(request->name());
        DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                            ParseResource(request->name(), kWebhooks, "name"));
        DQ_RETURN_IF_ERROR(call.Audit("delete_webhook"));
        DQ_ASSIGN_OR_RETURN(const WebhookKey key,
                            webhooks_.DeleteWebhook(name.project, name.id, ports_.clock.Now()));
        // A leader that does not hear of it writes a statement in vain, no more.
        const auto heard = [](const absl::Status&) {};
        if (key != 0)
          ports_.scheduler.SetWebhook({name.project, key}, WebhookPresence::kGone, heard);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* WebhookService::TestWebhook(grpc::CallbackServerContext* context,
                                                      const v1::TestWebhookRequest* request,
                                                      v1::TestWebhookResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "WebhookService/TestWebhook");
  call->set_subject(request->name());
  call->RunBlocking([this, call, request, response] {
    const auto webhook = Find(request->name(), "name");
    if (!webhook.ok()) return call->Finish(webhook.status());
    const absl::Status begun =
        sender_.Test(*webhook, [call, response](const WebhookAnswer& answer) {
          *response = ToProto(answer);
          call->Finish(absl::OkStatus());
        });
    if (!begun.ok()) call->Finish(begun);
  });
  return call->reactor();
}

grpc::ServerUnaryReactor* WebhookService::ListDeliveries(grpc::CallbackServerContext* context,
                                                         const v1::ListDeliveriesRequest* request,
                                                         v1::ListDeliveriesResponse* response) {
  return AnswerBlocking(ports_, context, "WebhookService/ListDeliveries",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(const WebhookRecord webhook,
                                              Find(request->parent(), "parent"));
                          return ListThose(webhooks_, webhook, *request, *response);
                        });
}

grpc::ServerUnaryReactor* WebhookService::ResendDelivery(grpc::CallbackServerContext* context,
                                                         const v1::ResendDeliveryRequest* request,
                                                         v1::ResendDeliveryResponse* response) {
  return AnswerBlocking(
      ports_, context, "WebhookService/ResendDelivery",
      [this, request, response](RpcCall& call) -> absl::Status {
        call.set_subject(request->name());
        DQ_ASSIGN_OR_RETURN(const DeliveryName name, ParseDeliveryName(request->name(), "name"));
        DQ_ASSIGN_OR_RETURN(const WebhookRecord webhook,
                            webhooks_.GetWebhook(name.webhook.project, name.webhook.id));
        if (webhook.disabling != WebhookDisabling::kNone) return Disabled(webhook);
        DQ_RETURN_IF_ERROR(call.Audit("resend_delivery"));
        DQ_ASSIGN_OR_RETURN(const WebhookDelivery delivery,
                            webhooks_.ResendDelivery(webhook.key, name.key, ports_.clock.Now()));
        *response->mutable_delivery() = ToProto(webhook, delivery);
        sender_.Wake();
        return absl::OkStatus();
      });
}

}  // namespace dq
