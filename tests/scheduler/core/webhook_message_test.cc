#include "scheduler/core/webhook_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/base/error.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Json = nlohmann::json;

WebhookDelivery Delivery(WebhookEvent event) {
  WebhookDelivery delivery;
  delivery.key = 42;
  delivery.event = event;
  delivery.subject_id = "one";
  delivery.time = absl::FromUnixMicros(1'763'769'600'123'456);
  return delivery;
}

DeliverySubject Subject() {
  DeliverySubject subject;
  subject.uid = "abc";
  subject.labels = {{"team", "d\"a”ta"}};
  return subject;
}

TEST(WebhookMessage, TheSignatureIsThatOfTheSpecificationsExample) {
  std::string key;
  ASSERT_TRUE(absl::Base64Unescape("plJ3nmyCDGBKInavdOK15jsl", &key));
  const auto headers = SignedHeaders("msg_loFOjxBNrRLzqYUf", absl::FromUnixSeconds(1731705121),
                                     R"({"event_type":"ping","data":{"success":true}})", key);
  EXPECT_THAT(headers, ElementsAre(Pair("webhook-id", "msg_loFOjxBNrRLzqYUf"),
                                   Pair("webhook-timestamp", "1731705121"),
                                   Pair("webhook-signature",
                                        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=")));
}

TEST(WebhookMessage, ASecretIsReadBack) {
  const std::string key(24, '\xfe');
  const std::string secret = WebhookSecret(key);
  EXPECT_EQ(secret.substr(0, 6), "whsec_");
  ASSERT_TRUE(WebhookSecretKey(secret).ok());
  EXPECT_EQ(*WebhookSecretKey(secret), key);
  EXPECT_EQ(WebhookSecretKey(WebhookSecret(std::string(64, 'x')))->size(), 64u);
}

TEST(WebhookMessage, WhatIsNoSecretIsRefusedAndNotRepeated) {
  for (const std::string& secret :
       {std::string(), std::string("whsec_"), std::string("abcdefgh"), std::string("whsec_%%%%"),
        WebhookSecret(std::string(23, 'x')), WebhookSecret(std::string(65, 'x')),
        WebhookSecret(std::string(24, 'x')).substr(6)}) {
    const absl::Status refused = WebhookSecretKey(secret).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << secret;
    const bool says_it = secret.size() > 6 && MessageOf(refused).find(secret) != std::string::npos;
    EXPECT_FALSE(says_it);
  }
}

TEST(WebhookMessage, TheBodyOfACompletedJobSaysHowGoodItsDataIs) {
  DeliverySubject subject = Subject();
  subject.verdict = Verdict::kFailed;
  subject.quality_score = 61.5;
  subject.batch = "nightly";
  subject.index = 3;
  const Json body = Json::parse(WebhookBody(Delivery(WebhookEvent::kJobCompleted), "p", subject));
  EXPECT_EQ(body, Json::parse(R"({
    "type": "job.completed", "timestamp": "2025-11-22T00:00:00.123456Z", "data": {
      "name": "projects/p/jobs/one", "state": "COMPLETED", "uid": "abc",
      "end_time": "2025-11-22T00:00:00.123456Z", "labels": {"team": "d\"a”ta"},
      "batch": "projects/p/batches/nightly", "operation_index": 3,
      "verdict": "FAILED", "quality_score": 61.5}})"));
}

TEST(WebhookMessage, TheBodyOfAFailedJobSaysWhy) {
  WebhookDelivery delivery = Delivery(WebhookEvent::kJobFailed);
  delivery.reason = "PARSE_FAILED";
  const Json data = Json::parse(WebhookBody(delivery, "p", Subject()))["data"];
  EXPECT_EQ(data["error_reason"], "PARSE_FAILED");
  EXPECT_FALSE(data.contains("verdict"));
  EXPECT_FALSE(data.contains("batch"));
}

TEST(WebhookMessage, TheBodyOfABatchNamesTheBatch) {
  DeliverySubject subject = Subject();
  subject.operations = 5;
  const auto body =
      Json::parse(WebhookBody(Delivery(WebhookEvent::kBatchPartialSuccess), "p", subject));
  EXPECT_EQ(body["type"], "batch.partial_success");
  EXPECT_EQ(body["data"]["name"], "projects/p/batches/one");
  EXPECT_EQ(body["data"]["state"], "PARTIAL_SUCCESS");
  EXPECT_EQ(body["data"]["operations"], 5);
}

TEST(WebhookMessage, ADeletedJobIsToldOfAllTheSame) {
  const auto body =
      Json::parse(WebhookBody(Delivery(WebhookEvent::kJobCancelled), "p", std::nullopt));
  EXPECT_EQ(body["data"]["name"], "projects/p/jobs/one");
  EXPECT_FALSE(body["data"].contains("uid"));
}

TEST(WebhookMessage, EveryEventHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int event = 1; event <= 9; ++event) {
    names.insert(WebhookEventName(static_cast<WebhookEvent>(event)));
  }
  EXPECT_EQ(names.size(), 9u);
}

TEST(WebhookMessage, IdsOfOneDeliveryAreAlikeAndOfOthersAreNot) {
  WebhookRecord webhook;
  webhook.uid = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(WebhookMessageId(webhook, 42), "msg_0123456789abcdef-42");
  EXPECT_NE(WebhookMessageId(webhook, 43), WebhookMessageId(webhook, 42));
}

TEST(WebhookMessage, ATestNamesTheWebhook) {
  WebhookRecord webhook;
  webhook.project = "p";
  webhook.id = "w";
  const auto body = Json::parse(WebhookTestBody(webhook, absl::UnixEpoch()));
  EXPECT_EQ(body["type"], "webhook.test");
  EXPECT_EQ(body["data"]["name"], "projects/p/webhooks/w");
}

}  // namespace
}  // namespace dq
