#include "scheduler/dqctl/webhook_text.h"

#include "absl/strings/ascii.h"
#include "google/protobuf/util/time_util.h"
#include "scheduler/dqctl/job_text.h"

namespace dq::dqctl {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kEvents = 8;

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// Returns the last two parts of a resource name: "jobs/j-0123".
std::string ShortName(const std::string& name) {
  const size_t last = name.rfind('/');
  if (last == std::string::npos || last == 0) return name;
  const size_t before = name.rfind('/', last - 1);
  return before == std::string::npos ? name : name.substr(before + 1);
}

std::string EventsText(const dq::v1::Webhook& webhook) {
  if (webhook.events_size() == kEvents) return "all";
  std::string text;
  for (const int event : webhook.events()) {
    text += (text.empty() ? "" : ",") + EventName(static_cast<dq::v1::WebhookEvent>(event));
  }
  return text;
}

std::string StateText(const dq::v1::Webhook& webhook) {
  switch (webhook.disable_reason()) {
    case dq::v1::WEBHOOK_DISABLE_REASON_GONE:
      return "DISABLED (GONE)";
    case dq::v1::WEBHOOK_DISABLE_REASON_FAILING:
      return "DISABLED (FAILING)";
    default:
      return webhook.has_failing_since() ? "FAILING" : "OK";
  }
}

std::string DeliveryStateText(dq::v1::DeliveryState state) {
  return dq::v1::DeliveryState_Name(state).substr(std::string("DELIVERY_STATE_").size());
}

std::string AnswerText(int32_t status, const std::string& error) {
  return status != 0 ? std::to_string(status) : error;
}

}  // namespace

std::string EventName(dq::v1::WebhookEvent event) {
  const std::string prefix = "WEBHOOK_EVENT_";
  std::string name = absl::AsciiStrToLower(dq::v1::WebhookEvent_Name(event));
  if (name.size() <= prefix.size()) return "event " + std::to_string(event);
  name = name.substr(prefix.size());
  if (const size_t end = name.find('_'); end != std::string::npos) name[end] = '.';
  return name;
}

Table WebhooksTable(std::span<const dq::v1::Webhook> webhooks) {
  Table table({{"WEBHOOK"}, {"STATE"}, {"EVENTS"}, {"URL"}, {"CREATED (UTC)"}, {"NAME"}});
  for (const dq::v1::Webhook& webhook : webhooks) {
    table.AddRow({IdOf(webhook.name()), StateText(webhook), EventsText(webhook), webhook.url(),
                  TimeText(webhook.create_time()), webhook.display_name()});
  }
  return table;
}

Table NewWebhookDetails(const dq::v1::CreateWebhookResponse& created) {
  Table table({{""}, {""}});
  table.AddRow({"webhook", created.webhook().name()});
  table.AddRow({"url", created.webhook().url()});
  table.AddRow({"events", EventsText(created.webhook())});
  if (!created.secret().empty()) table.AddRow({"secret", created.secret()});
  return table;
}

Table DeliveriesTable(std::span<const dq::v1::WebhookDelivery> deliveries) {
  Table table({{"DELIVERY"},
               {"EVENT"},
               {"OF"},
               {"STATE"},
               {"TRIES", Align::kRight},
               {"ANSWER"},
               {"ENDED (UTC)"},
               {"NEXT TRY (UTC)"}});
  for (const dq::v1::WebhookDelivery& delivery : deliveries) {
    table.AddRow({IdOf(delivery.name()), EventName(delivery.event()), ShortName(delivery.subject()),
                  DeliveryStateText(delivery.state()), std::to_string(delivery.attempts()),
                  AnswerText(delivery.last_status(), delivery.last_error()),
                  TimeText(delivery.event_time()), TimeText(delivery.next_attempt_time())});
  }
  return table;
}

Table TestDetails(const dq::v1::TestWebhookResponse& test) {
  Table table({{""}, {""}});
  table.AddRow({"delivered", test.delivered() ? "yes" : "no"});
  table.AddRow({"answer", AnswerText(test.status(), test.error())});
  table.AddRow(
      {"latency", std::to_string(TimeUtil::DurationToMilliseconds(test.latency())) + " ms"});
  return table;
}

}  // namespace dq::dqctl
