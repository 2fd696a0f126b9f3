#include "scheduler/core/webhook_message.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/base/error.h"
#include "common/base/sha256.h"

namespace dq {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr size_t kSecretBytesMin = 24;
constexpr size_t kSecretBytesMax = 64;
constexpr size_t kUidDigits = 16;  // Enough to tell webhooks of different databases apart.

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

// The name of the state that an event tells: "COMPLETED" of "job.completed".
std::string StateOf(WebhookEvent event) {
  const std::string_view name = WebhookEventName(event);
  std::string state;
  for (const char c : name.substr(name.find('.') + 1)) {
    state += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return state;
}

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
    case Verdict::kNotEvaluated:
      return "NOT_EVALUATED";
    case Verdict::kPassed:
      return "PASSED";
    case Verdict::kFailed:
      return "FAILED";
  }
  return "NOT_EVALUATED";
}

std::string Body(WebhookEvent event, absl::Time time, Json data) {
  Json body;
  body["type"] = WebhookEventName(event);
  body["timestamp"] = Rfc3339(time);
  body["data"] = std::move(data);
  return body.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

void AddSubject(const WebhookDelivery& delivery, const std::string& parent,
                const DeliverySubject& subject, Json& data) {
  data["uid"] = subject.uid;
  data["labels"] = subject.labels;
  if (IsOfBatch(delivery.event)) {
    data["operations"] = subject.operations;
    return;
  }
  if (!subject.batch.empty()) {
    data["batch"] = parent + "/batches/" + subject.batch;
    data["operation_index"] = subject.index;
  }
  if (delivery.event != WebhookEvent::kJobCompleted) return;
  data["verdict"] = VerdictName(subject.verdict);
  if (subject.quality_score.has_value()) data["quality_score"] = *subject.quality_score;
}

}  // namespace

std::string_view WebhookEventName(WebhookEvent event) {
  switch (event) {
    case WebhookEvent::kJobCompleted:
      return "job.completed";
    case WebhookEvent::kJobFailed:
      return "job.failed";
    case WebhookEvent::kJobCancelled:
      return "job.cancelled";
    case WebhookEvent::kJobSkipped:
      return "job.skipped";
    case WebhookEvent::kBatchCompleted:
      return "batch.completed";
    case WebhookEvent::kBatchPartialSuccess:
      return "batch.partial_success";
    case WebhookEvent::kBatchFailed:
      return "batch.failed";
    case WebhookEvent::kBatchCancelled:
      return "batch.cancelled";
    case WebhookEvent::kTest:
      return "webhook.test";
  }
  return "webhook.test";
}

std::string WebhookBody(const WebhookDelivery& delivery, const std::string& project,
                        const std::optional<DeliverySubject>& subject) {
  const std::string parent = "projects/" + project;
  const std::string collection = IsOfBatch(delivery.event) ? "/batches/" : "/jobs/";
  Json data;
  data["name"] = parent + collection + delivery.subject_id;
  data["state"] = StateOf(delivery.event);
  data["end_time"] = Rfc3339(delivery.time);
  if (!delivery.reason.empty()) data["error_reason"] = delivery.reason;
  if (subject.has_value()) AddSubject(delivery, parent, *subject, data);
  return Body(delivery.event, delivery.time, std::move(data));
}

std::string WebhookTestBody(const WebhookRecord& webhook, absl::Time now) {
  Json data;
  data["name"] = "projects/" + webhook.project + "/webhooks/" + webhook.id;
  return Body(WebhookEvent::kTest, now, std::move(data));
}

std::string WebhookMessageId(const WebhookRecord& webhook, DeliveryKey delivery) {
  return "msg_" + webhook.uid.substr(0, kUidDigits) + "-" + std::to_string(delivery);
}

std::string WebhookSecret(std::string_view key) { return std::string(kSecretPrefix) + Base64(key); }

absl::StatusOr<std::string> WebhookSecretKey(const std::string& secret) {
  std::string key;
  const bool is_one = secret.starts_with(kSecretPrefix) &&
                      absl::Base64Unescape(secret.substr(kSecretPrefix.size()), &key) &&
                      key.size() >= kSecretBytesMin && key.size() <= kSecretBytesMax;
  if (is_one) return key;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                   "a secret is whsec_ and the base64 of 24 to 64 random bytes");
}

HttpHeaders SignedHeaders(const std::string& id, absl::Time now, std::string_view body,
                          std::string_view key) {
  const std::string timestamp = std::to_string(absl::ToUnixSeconds(now));
  const std::string signed_text = id + "." + timestamp + "." + std::string(body);
  return {{"webhook-id", id},
          {"webhook-timestamp", timestamp},
          {"webhook-signature", "v1," + Base64(HmacSha256(key, signed_text))}};
}

}  // namespace dq
