// What is sent to a webhook, as of the Standard Webhooks specification, version 1
// (github.com/standard-webhooks/standard-webhooks): body, headers, signature. Of a job or batch it
// says what it is called and how it ended, never what its file holds. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduler/core/webhook.h"

namespace dq {

// Returns "job.completed" and the like; "webhook.test".
std::string_view WebhookEventName(WebhookEvent event);

// Returns the body of a delivery, JSON: {"type", "timestamp", "data"}. The same for every attempt.
std::string WebhookBody(const WebhookDelivery& delivery, const std::string& project,
                        const std::optional<DeliverySubject>& subject);
// Returns that of a test.
std::string WebhookTestBody(const WebhookRecord& webhook, absl::Time now);

// Returns the id of a delivery's message: unique for all time, the same for every attempt.
std::string WebhookMessageId(const WebhookRecord& webhook, DeliveryKey delivery);

// Makes a secret of `key`: "whsec_" and base64.
std::string WebhookSecret(std::string_view key);
// Returns the key of a secret of 24 to 64 bytes. INVALID_ARGUMENT (BAD_FIELD) for anything else.
absl::StatusOr<std::string> WebhookSecretKey(const std::string& secret);

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// Returns webhook-id, webhook-timestamp and webhook-signature: "v1," and the base64 of HMAC-SHA256
// over "id.timestamp.body". `key` is of WebhookSecretKey(). The signature is of the attempt, not of
// the delivery: its time is `now`, so that a receiver can refuse what is old.
HttpHeaders SignedHeaders(const std::string& id, absl::Time now, std::string_view body,
                          std::string_view key);

}  // namespace dq
