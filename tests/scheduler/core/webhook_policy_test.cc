#include "scheduler/core/webhook_policy.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

WebhookDelivery Delivery(int tries) {
  WebhookDelivery delivery;
  delivery.key = 7;
  delivery.tries = tries;
  delivery.attempts = tries + 20;
  return delivery;
}

DeliveryAttempt Judge(int tries, int status, absl::Time failing_since = absl::InfinitePast()) {
  return JudgeAnswer(Delivery(tries), {status, "", absl::ZeroDuration()}, failing_since, kNow, 0);
}

TEST(WebhookPolicy, EveryAnswerOf2xxIsASuccess) {
  for (const int status : {200, 201, 204, 299}) {
    const DeliveryAttempt attempt = Judge(3, status);
    EXPECT_EQ(attempt.state, DeliveryState::kDelivered) << status;
    EXPECT_EQ(attempt.key, 7);
    EXPECT_EQ(attempt.attempts, 23) << "what was recorded before";
    EXPECT_EQ(attempt.time, kNow);
  }
}

TEST(WebhookPolicy, EverythingElseIsTriedAgainAlsoARedirect) {
  for (const int status : {0, 100, 199, 300, 301, 302, 400, 401, 404, 429, 500, 503}) {
    const DeliveryAttempt attempt = Judge(0, status);
    EXPECT_EQ(attempt.state, DeliveryState::kWaiting) << status;
    EXPECT_EQ(attempt.due, kNow + absl::Seconds(5));
    EXPECT_EQ(attempt.disabling, WebhookDisabling::kNone);
  }
}

TEST(WebhookPolicy, TriesGoOnForThreeDaysEverMoreSeldom) {
  absl::Duration before;
  absl::Duration all;
  for (int tries = 1; tries < DeliveryTriesMax(); ++tries) {
    const absl::Duration wait = DeliveryBackoff(tries, 0);
    EXPECT_GT(wait, before);
    EXPECT_EQ(Judge(tries - 1, 500).due, kNow + wait);
    EXPECT_EQ(DeliveryBackoff(tries, 1), wait * 1.1);
    before = wait;
    all += wait;
  }
  EXPECT_GT(all, absl::Hours(72));
  EXPECT_EQ(Judge(DeliveryTriesMax() - 1, 500).state, DeliveryState::kFailed);
}

TEST(WebhookPolicy, GoneEndsItAtOnceAndDisables) {
  const DeliveryAttempt attempt = Judge(0, 410);
  EXPECT_EQ(attempt.state, DeliveryState::kFailed);
  EXPECT_EQ(attempt.disabling, WebhookDisabling::kGone);
}

TEST(WebhookPolicy, AWebhookThatNothingReachesForDaysIsDisabled) {
  const int last = DeliveryTriesMax() - 1;
  EXPECT_EQ(Judge(last, 500, kNow - absl::Hours(72)).disabling, WebhookDisabling::kFailing);
  EXPECT_EQ(Judge(last, 500, kNow - absl::Hours(71)).disabling, WebhookDisabling::kNone)
      << "others got through meanwhile";
  EXPECT_EQ(Judge(last, 500).disabling, WebhookDisabling::kNone);
  EXPECT_EQ(Judge(1, 0, kNow - absl::Hours(72)).disabling, WebhookDisabling::kFailing)
      << "with a backlog no delivery comes to its last try";
  EXPECT_EQ(Judge(1, 200, kNow - absl::Hours(99)).disabling, WebhookDisabling::kNone);
  EXPECT_EQ(Judge(1, 410, kNow - absl::Hours(99)).disabling, WebhookDisabling::kGone);
}

}  // namespace
}  // namespace dq
