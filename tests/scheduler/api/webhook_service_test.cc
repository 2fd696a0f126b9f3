// Webhooks over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/core/webhook_message.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Webhooks = v1::WebhookService::Stub;

constexpr char kUrl[] = "https://example.com/dq";
constexpr char kSecret[] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

class WebhookServiceTest : public testing::Test {
 protected:
  static v1::CreateWebhookRequest Request(const std::string& id) {
    v1::CreateWebhookRequest request;
    request.set_parent("projects/default");
    request.set_webhook_id(id);
    request.set_request_id("request-" + id);
    request.mutable_webhook()->set_url(kUrl);
    request.mutable_webhook()->set_display_name("the “webhook”");
    return request;
  }
  absl::StatusOr<v1::CreateWebhookResponse> Create(const v1::CreateWebhookRequest& request) {
    v1::CreateWebhookResponse response;
    const absl::Status status =
        Call(*server_.webhooks(), &Webhooks::CreateWebhook, request, response);
    if (!status.ok()) return status;
    return response;
  }
  v1::Webhook Get(const std::string& id) {
    v1::GetWebhookRequest request;
    request.set_name("projects/default/webhooks/" + id);
    v1::GetWebhookResponse response;
    const absl::Status status = Call(*server_.webhooks(), &Webhooks::GetWebhook, request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response.webhook();
  }
  absl::StatusOr<v1::TestWebhookResponse> Test(const std::string& name) {
    v1::TestWebhookRequest request;
    request.set_name(name);
    v1::TestWebhookResponse response;
    const absl::Status status =
        Call(*server_.webhooks(), &Webhooks::TestWebhook, request, response);
    if (!status.ok()) return status;
    return response;
  }
  v1::ListDeliveriesResponse Deliveries(const std::string& id, int size = 0,
                                        const std::string& token = "") {
    v1::ListDeliveriesRequest request;
    request.set_parent("projects/default/webhooks/" + id);
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListDeliveriesResponse response;
    const absl::Status status =
        Call(*server_.webhooks(), &Webhooks::ListDeliveries, request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  absl::Status Resend(const std::string& name) {
    v1::ResendDeliveryRequest request;
    request.set_name(name);
    v1::ResendDeliveryResponse response;
    return Call(*server_.webhooks(), &Webhooks::ResendDelivery, request, response);
  }
  void CancelledJob(const std::string& id) {
    v1::CancelJobRequest request;
    request.set_name(server_.CreateNoop(id));
    v1::CancelJobResponse response;
    const absl::Status status =
        Call(*server_.jobs(), &v1::JobService::Stub::CancelJob, request, response);
    EXPECT_TRUE(status.ok()) << status;
  }
  bool AwaitPosts(size_t count) {
    return WaitUntil([&] { return server_.transport().posted().size() == count; });
  }

  ApiServer server_;
};

TEST_F(WebhookServiceTest, ANewWebhookIsToldOfEveryEndAndShowsItsSecretOnce) {
  const auto created = Create(Request("w"));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->webhook().name(), "projects/default/webhooks/w");
  EXPECT_EQ(created->webhook().events_size(), 8);
  EXPECT_EQ(created->webhook().created_by(), "tester");
  ASSERT_TRUE(WebhookSecretKey(created->secret()).ok());
  EXPECT_EQ(Get("w").ShortDebugString(), created->webhook().ShortDebugString());
  EXPECT_THAT(Get("w").ShortDebugString(), Not(HasSubstr("whsec")));
  CancelledJob("j");
  ASSERT_TRUE(AwaitPosts(1));
  const WebhookRequest posted = server_.transport().posted()[0];
  EXPECT_EQ(posted.url, kUrl);
  const auto body = nlohmann::json::parse(posted.body);
  EXPECT_EQ(body["type"], "job.cancelled");
  EXPECT_EQ(body["data"]["name"], "projects/default/jobs/j");
  EXPECT_THAT(body["data"]["uid"], Not(""));
  EXPECT_TRUE(WaitUntil(
      [this] { return Deliveries("w").deliveries(0).state() == v1::DELIVERY_STATE_DELIVERED; }));
  const v1::WebhookDelivery delivery = Deliveries("w").deliveries(0);
  EXPECT_EQ(delivery.event(), v1::WEBHOOK_EVENT_JOB_CANCELLED);
  EXPECT_EQ(delivery.subject(), "projects/default/jobs/j");
  EXPECT_EQ(delivery.attempts(), 1);
  EXPECT_EQ(delivery.last_status(), 200);
  EXPECT_EQ(delivery.last_latency().nanos(), 7'000'000);
  EXPECT_FALSE(delivery.has_next_attempt_time());
  EXPECT_EQ(posted.headers[0].second, delivery.message_id());
}

TEST_F(WebhookServiceTest, ARepeatedCallMakesOneAndIsToldItsSecret) {
  const auto first = Create(Request("w"));
  const auto again = Create(Request("w"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->existed());
  EXPECT_EQ(again->secret(), first->secret());
  auto other = Request("w");
  other.mutable_webhook()->set_url("https://example.com/other");
  EXPECT_EQ(ReasonOf(Create(other).status()), "REQUEST_ID_REUSED");
  other.clear_request_id();
  EXPECT_EQ(ReasonOf(Create(other).status()), "ID_TAKEN");
}

TEST_F(WebhookServiceTest, ASecretOfTheCallersSigns) {
  auto request = Request("w");
  request.set_secret(kSecret);
  ASSERT_TRUE(Create(request).ok());
  ASSERT_TRUE(Test("projects/default/webhooks/w").ok());
  const WebhookRequest posted = server_.transport().posted().at(0);
  const auto expected = SignedHeaders(posted.headers[0].second,
                                      absl::FromUnixSeconds(std::stoll(posted.headers[1].second)),
                                      posted.body, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(posted.headers, expected);
}

TEST_F(WebhookServiceTest, BadRequestsAreRefusedFieldByField) {
  auto request = Request("W!");
  request.set_parent("nothing");
  request.mutable_webhook()->set_url("ftp://example.com");
  request.mutable_webhook()->set_display_name("\n");
  request.mutable_webhook()->add_events(v1::WEBHOOK_EVENT_UNSPECIFIED);
  request.mutable_webhook()->add_events(static_cast<v1::WebhookEvent>(77));
  request.set_secret("whsec_c2hvcnQ=");
  const absl::Status refused = Create(request).status();
  EXPECT_EQ(ReasonOf(refused), "BAD_FIELD");
  std::set<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(refused)) fields.insert(violation.field);
  EXPECT_THAT(fields, ElementsAre("parent", "secret", "webhook.display_name", "webhook.events",
                                  "webhook.url", "webhook_id"));
  EXPECT_THAT(MessageOf(refused), Not(HasSubstr("c2hvcnQ")));
}

TEST_F(WebhookServiceTest, OnlyWhatItWantsIsTold) {
  auto request = Request("w");
  request.mutable_webhook()->add_events(v1::WEBHOOK_EVENT_JOB_FAILED);
  request.mutable_webhook()->add_events(v1::WEBHOOK_EVENT_JOB_FAILED);
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_THAT(created->webhook().events(), ElementsAre(v1::WEBHOOK_EVENT_JOB_FAILED));
  ASSERT_TRUE(Create(Request("all")).ok());
  CancelledJob("j");
  ASSERT_TRUE(AwaitPosts(1));
  EXPECT_EQ(Deliveries("w").deliveries_size(), 0);
  EXPECT_EQ(Deliveries("all").deliveries_size(), 1);
}

TEST_F(WebhookServiceTest, ATestSaysWhatItWasAnsweredWith) {
  ASSERT_TRUE(Create(Request("w")).ok());
  const auto taken = Test("projects/default/webhooks/w");
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_TRUE(taken->delivered());
  EXPECT_EQ(taken->status(), 200);
  EXPECT_EQ(taken->latency().nanos(), 7'000'000);
  server_.transport().AnswerWith(0);
  const auto lost = Test("projects/default/webhooks/w");
  EXPECT_FALSE(lost->delivered());
  EXPECT_EQ(lost->error(), "no route");
  EXPECT_EQ(ReasonOf(Test("projects/default/webhooks/v").status()), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Test("w").status()), "BAD_FIELD");
}

TEST_F(WebhookServiceTest, GoneDisablesUntilItIsEnabledAndADeliveryIsSentAnew) {
  ASSERT_TRUE(Create(Request("w")).ok());
  server_.transport().AnswerWith(410);
  CancelledJob("j");
  ASSERT_TRUE(
      WaitUntil([this] { return Get("w").disable_reason() == v1::WEBHOOK_DISABLE_REASON_GONE; }));
  EXPECT_TRUE(Get("w").has_disable_time());
  const std::string delivery = Deliveries("w").deliveries(0).name();
  EXPECT_EQ(ReasonOf(Resend(delivery)), "WEBHOOK_DISABLED");
  v1::EnableWebhookRequest request;
  request.set_name("projects/default/webhooks/w");
  v1::EnableWebhookResponse response;
  ASSERT_TRUE(Call(*server_.webhooks(), &Webhooks::EnableWebhook, request, response).ok());
  EXPECT_EQ(response.webhook().disable_reason(), v1::WEBHOOK_DISABLE_REASON_UNSPECIFIED);
  server_.transport().AnswerWith(200);
  ASSERT_TRUE(Resend(delivery).ok());
  EXPECT_TRUE(WaitUntil(
      [this] { return Deliveries("w").deliveries(0).state() == v1::DELIVERY_STATE_DELIVERED; }));
  EXPECT_EQ(Deliveries("w").deliveries(0).attempts(), 2);
  const auto posted = server_.transport().posted();
  EXPECT_EQ(posted.back().headers[0], posted.front().headers[0]) << "the same message";
  EXPECT_EQ(ReasonOf(Resend("projects/default/webhooks/w/deliveries/d-999")), "DELIVERY_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Resend("projects/default/webhooks/w/deliveries/x")), "BAD_FIELD");
  EXPECT_EQ(ReasonOf(Resend("projects/default/webhooks/w/deliveries/d-1x")), "BAD_FIELD");
}

TEST_F(WebhookServiceTest, ListsComePageByPage) {
  for (const char* const id : {"a", "b", "c"}) ASSERT_TRUE(Create(Request(id)).ok());
  v1::ListWebhooksRequest request;
  request.set_parent("projects/default");
  request.set_page_size(2);
  v1::ListWebhooksResponse page;
  ASSERT_TRUE(Call(*server_.webhooks(), &Webhooks::ListWebhooks, request, page).ok());
  EXPECT_EQ(page.webhooks_size(), 2);
  request.set_page_token(page.next_page_token());
  v1::ListWebhooksResponse rest;
  ASSERT_TRUE(Call(*server_.webhooks(), &Webhooks::ListWebhooks, request, rest).ok());
  ASSERT_EQ(rest.webhooks_size(), 1);
  EXPECT_EQ(rest.webhooks(0).name(), "projects/default/webhooks/c");
  EXPECT_EQ(rest.next_page_token(), "");
  CancelledJob("j");
  CancelledJob("k");
  ASSERT_TRUE(AwaitPosts(6));
  const auto first = Deliveries("a", 1);
  ASSERT_EQ(first.deliveries_size(), 1);
  EXPECT_EQ(first.deliveries(0).subject(), "projects/default/jobs/k");
  const auto second = Deliveries("a", 1, first.next_page_token());
  EXPECT_EQ(second.deliveries(0).subject(), "projects/default/jobs/j");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(WebhookServiceTest, ADeletedWebhookIsToldNothing) {
  ASSERT_TRUE(Create(Request("w")).ok());
  v1::DeleteWebhookRequest request;
  request.set_name("projects/default/webhooks/w");
  v1::DeleteWebhookResponse response;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Call(*server_.webhooks(), &Webhooks::DeleteWebhook, request, response).ok());
  }
  ASSERT_TRUE(Create([] {
                auto again = Request("v");
                again.mutable_webhook()->set_url("https://example.com/v");
                return again;
              }())
                  .ok());
  CancelledJob("j");
  ASSERT_TRUE(AwaitPosts(1));
  EXPECT_EQ(server_.transport().posted()[0].url, "https://example.com/v");
  EXPECT_EQ(ReasonOf(Test("projects/default/webhooks/w").status()), "WEBHOOK_NOT_FOUND");
}

TEST_F(WebhookServiceTest, TheEndOfABatchIsTold) {
  auto request = Request("w");
  request.mutable_webhook()->add_events(v1::WEBHOOK_EVENT_BATCH_CANCELLED);
  ASSERT_TRUE(Create(request).ok());
  v1::CreateBatchRequest batch;
  batch.set_parent("projects/default");
  batch.set_batch_id("b");
  batch.mutable_batch()->add_operations()->mutable_spec()->add_stages()->mutable_noop();
  v1::CreateBatchResponse created;
  const absl::Status made =
      Call(*server_.batches(), &v1::BatchService::Stub::CreateBatch, batch, created);
  ASSERT_TRUE(made.ok()) << made;
  v1::CancelBatchRequest cancel;
  cancel.set_name("projects/default/batches/b");
  v1::CancelBatchResponse cancelled;
  ASSERT_TRUE(
      Call(*server_.batches(), &v1::BatchService::Stub::CancelBatch, cancel, cancelled).ok());
  ASSERT_TRUE(AwaitPosts(1));
  const auto body = nlohmann::json::parse(server_.transport().posted()[0].body);
  EXPECT_EQ(body["type"], "batch.cancelled");
  EXPECT_EQ(body["data"]["name"], "projects/default/batches/b");
  EXPECT_EQ(body["data"]["operations"], 1);
}

}  // namespace
}  // namespace dq
