// The conformance suite: webhooks, and what they are told with the ends of jobs and batches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kLater = JobScript::Start() + absl::Hours(1);

WebhookRecord Webhook(const std::string& id) {
  WebhookRecord webhook;
  webhook.project = "default";
  webhook.id = id;
  webhook.uid = "uid-" + id;
  webhook.request_id = "request-" + id;
  webhook.request_hash = "hash-" + id;
  webhook.display_name = "the “webhook” " + id;
  webhook.url = "https://example.com/" + id;
  webhook.secret = "whsec_" + id;
  webhook.created_by = "user:alice";
  webhook.create_time = JobScript::Start();
  return webhook;
}

class WebhookStoreTest : public StoreTest {
 protected:
  WebhookRecord Create(const WebhookRecord& webhook) {
    const auto created = webhooks().CreateWebhook(webhook, epoch());
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->record : webhook;
  }
  WriteBatch Announced(std::vector<JobInsert> inserts, std::vector<JobUpdate> updates = {}) {
    WriteBatch batch = NextBatch();
    batch.inserts = std::move(inserts);
    batch.updates = std::move(updates);
    batch.announced_projects =
        std::make_shared<const std::set<std::string>>(std::set<std::string>{"default"});
    return batch;
  }
  void CommitAnnounced(std::vector<JobInsert> inserts, std::vector<JobUpdate> updates = {}) {
    const auto committed = jobs().Commit(Announced(std::move(inserts), std::move(updates)));
    EXPECT_TRUE(committed.ok()) << committed.status();
  }
  // Runs a job to its end.
  JobScript Ended(JobKey key, const std::string& id) {
    JobScript job(key, id);
    CommitAnnounced({job.Create()});
    CommitAnnounced({}, {job.Claim("t-" + id)});
    CommitAnnounced({}, {job.Complete(SomeResult("f-" + id))});
    return job;
  }
  std::vector<WebhookDelivery> Deliveries(const WebhookRecord& webhook) {
    const auto listed = webhooks().ListDeliveries(webhook.key, 0, 100);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.value_or(std::vector<WebhookDelivery>());
  }
  // What a webhook was told, oldest first: "event id".
  std::vector<std::string> Told(const WebhookRecord& webhook) {
    std::vector<std::string> told;
    for (const WebhookDelivery& delivery : Deliveries(webhook)) {
      told.push_back(std::to_string(static_cast<int>(delivery.event)) + " " + delivery.subject_id);
    }
    std::ranges::reverse(told);
    return told;
  }
  std::vector<DueDelivery> Due(absl::Time now = kLater, int limit = 10) {
    const auto due = webhooks().LoadDueDeliveries(now, {}, {.of_webhook = limit});
    EXPECT_TRUE(due.ok()) << due.status();
    return due.value_or(std::vector<DueDelivery>());
  }
  std::vector<std::string> DueIds(int limit = 10) {
    std::vector<std::string> ids;
    for (const DueDelivery& due : Due(kLater, limit)) ids.push_back(due.delivery.subject_id);
    return ids;
  }
  void Record(const DueDelivery& due, DeliveryState state,
              WebhookDisabling disabling = WebhookDisabling::kNone) {
    DeliveryAttempt attempt;
    attempt.webhook = due.webhook.key;
    attempt.key = due.delivery.key;
    attempt.attempts = due.delivery.attempts;
    attempt.answer = {state == DeliveryState::kDelivered ? 200 : 0, "“refused”",
                      absl::Milliseconds(12)};
    attempt.time = kLater;
    attempt.state = state;
    if (state == DeliveryState::kWaiting) attempt.due = kLater + absl::Seconds(5);
    attempt.disabling = disabling;
    const absl::Status recorded = webhooks().RecordAttempts({attempt});
    EXPECT_TRUE(recorded.ok()) << recorded;
  }
};
DQ_RUN_ON_EVERY_STORE(WebhookStoreTest);

TEST_P(WebhookStoreTest, AWebhookReadsBackFieldByField) {
  const WebhookRecord webhook = Create(Webhook("w"));
  EXPECT_GT(webhook.key, 0);
  EXPECT_EQ(*webhooks().GetWebhook("default", "w"), webhook);
  EXPECT_EQ(ReasonOf(webhooks().GetWebhook("default", "v").status()), "WEBHOOK_NOT_FOUND");
  const WebhookRecord second = Create(Webhook("a"));
  EXPECT_THAT(*webhooks().ListWebhooks("default"), ElementsAre(webhook, second));
  EXPECT_THAT(*webhooks().ListWebhooks("other"), IsEmpty());
  EXPECT_THAT(*jobs().LoadWebhooks(), ElementsAre(WebhookPlace{"default", webhook.key},
                                                  WebhookPlace{"default", second.key}));
}

TEST_P(WebhookStoreTest, AWebhookIsMadeOnce) {
  const WebhookRecord webhook = Create(Webhook("w"));
  const auto again = webhooks().CreateWebhook(Webhook("w"), epoch());
  EXPECT_EQ(again->record, webhook);
  EXPECT_FALSE(again->existed) << "the same call, whose answer was lost";
  WebhookRecord other = Webhook("w");
  other.uid = "another";
  EXPECT_TRUE(webhooks().CreateWebhook(other, epoch())->existed);
  other.request_hash = "another";
  EXPECT_EQ(ReasonOf(webhooks().CreateWebhook(other, epoch()).status()), "REQUEST_ID_REUSED");
  other.request_id = "";
  EXPECT_EQ(ReasonOf(webhooks().CreateWebhook(other, epoch()).status()), "ID_TAKEN");
  EXPECT_EQ(webhooks().ListWebhooks("default")->size(), 1u);
}

TEST_P(WebhookStoreTest, OnlyTheLeaderMakesOne) {
  const int64_t next = jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
  EXPECT_EQ(ReasonOf(webhooks().CreateWebhook(Webhook("w"), epoch()).status()), "NOT_LEADER");
  EXPECT_TRUE(webhooks().CreateWebhook(Webhook("w"), next).ok());
}

TEST_P(WebhookStoreTest, AProjectHasSoManyAndNoMore) {
  for (int i = 0; i < kWebhooksPerProjectMax; ++i) Create(Webhook("w" + std::to_string(i)));
  EXPECT_EQ(ReasonOf(webhooks().CreateWebhook(Webhook("more"), epoch()).status()), "QUOTA");
  ASSERT_TRUE(webhooks().DeleteWebhook("default", "w0", kLater).ok());
  EXPECT_TRUE(webhooks().CreateWebhook(Webhook("more"), epoch()).ok());
}

TEST_P(WebhookStoreTest, AnEndIsRecordedForEveryWebhookThatWantsIt) {
  const WebhookRecord all = Create(Webhook("all"));
  WebhookRecord some = Webhook("some");
  some.events = WebhookEventBit(WebhookEvent::kJobFailed);
  some = Create(some);
  WebhookRecord elsewhere = Webhook("elsewhere");
  elsewhere.project = "other";
  elsewhere = Create(elsewhere);
  const JobScript done = Ended(1, "done");
  JobScript failed(2, "failed");
  CommitAnnounced({failed.Create()});
  CommitAnnounced({}, {failed.Claim("t")});
  CommitAnnounced({}, {failed.Fail("PARSE_FAILED")});
  EXPECT_THAT(Told(all), ElementsAre("1 done", "2 failed"));
  EXPECT_THAT(Told(some), ElementsAre("2 failed"));
  EXPECT_THAT(Told(elsewhere), IsEmpty());
  const WebhookDelivery delivery = Deliveries(all).front();
  EXPECT_EQ(delivery.subject, 2);
  EXPECT_EQ(delivery.state, DeliveryState::kWaiting);
  EXPECT_EQ(delivery.time, failed.events.back().time);
  EXPECT_EQ(delivery.due, delivery.time);
  EXPECT_EQ(delivery.reason, failed.events.back().reason);
}

TEST_P(WebhookStoreTest, ABatchThatSaysNothingOfWebhooksTellsNone) {
  const WebhookRecord webhook = Create(Webhook("w"));
  JobScript job(1, "j");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Cancel()}).ok());
  EXPECT_THAT(Told(webhook), IsEmpty());
}

TEST_P(WebhookStoreTest, EveryEndIsToldThoughOneCommitHasSeveral) {
  const WebhookRecord webhook = Create(Webhook("w"));
  JobScript job(1, "j");
  CommitAnnounced({job.Create()});
  const JobUpdate claimed = job.Claim("t");
  const JobUpdate failed = JobScript::Merge(claimed, job.Fail("NO"));
  CommitAnnounced({}, {JobScript::Merge(failed, job.Reopen())});
  CommitAnnounced({}, {job.Cancel()});
  EXPECT_THAT(Told(webhook), ElementsAre("2 j", "3 j"));
}

TEST_P(WebhookStoreTest, ARepeatedBatchTellsOnce) {
  const WebhookRecord webhook = Create(Webhook("w"));
  JobScript job(1, "j");
  CommitAnnounced({job.Create()});
  const WriteBatch batch = Announced({}, {job.Cancel()});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(jobs().Commit(batch).ok());
  EXPECT_THAT(Told(webhook), ElementsAre("3 j"));
}

TEST_P(WebhookStoreTest, AJobThatMetAnotherOneTellsNothingButTheOthersOfItsBatchDo) {
  const WebhookRecord webhook = Create(Webhook("w"));
  JobScript earlier(1, "j");
  JobScript other(2, "k");
  CommitAnnounced({earlier.Create(), other.Create()});
  JobScript clash(3, "j");
  JobInsert insert = clash.Create();
  insert.events.back().to = JobState::kSkipped;
  insert.record.status.state = JobState::kSkipped;
  CommitAnnounced({insert}, {other.Cancel()});
  EXPECT_THAT(Told(webhook), ElementsAre("3 k"));
}

TEST_P(WebhookStoreTest, WhatIsRecordedInPlaceOfARefusedEndIsTold) {
  RefuseUnrecordable();
  const WebhookRecord webhook = Create(Webhook("w"));
  JobScript bad(1, "bad");
  JobScript good(2, "good");
  bad.BePlain();
  good.BePlain();
  CommitAnnounced({bad.Create(), good.Create()});
  CommitAnnounced({}, {bad.Claim("t1"), good.Claim("t2")});
  JobResult result = SomeResult("f-bad");
  result.report_json = kUnrecordable;
  CommitAnnounced({}, {bad.Complete(result), good.Complete(SomeResult("f-good"))});
  std::vector<std::string> told = Told(webhook);
  std::ranges::sort(told);
  EXPECT_THAT(told, ElementsAre("1 good", "2 bad"));
}

TEST_P(WebhookStoreTest, ADueDeliverySaysAllThatIsNeededToSendIt) {
  const WebhookRecord webhook = Create(Webhook("w"));
  const JobScript job = Ended(1, "j");
  const std::vector<DueDelivery> due = Due();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].webhook.key, webhook.key);
  EXPECT_EQ(due[0].webhook.url, webhook.url);
  EXPECT_EQ(due[0].webhook.secret, webhook.secret);
  EXPECT_EQ(due[0].webhook.uid, webhook.uid);
  EXPECT_EQ(due[0].webhook.id, "w");
  DeliverySubject subject;
  subject.uid = job.record.uid;
  subject.labels = job.record.labels;
  subject.verdict = Verdict::kPassed;
  subject.quality_score = 0.5;
  EXPECT_EQ(due[0].subject, subject);
  EXPECT_THAT(Due(JobScript::Start()), IsEmpty()) << "before its time";
  EXPECT_THAT(*webhooks().LoadDueDeliveries(kLater, {due[0].delivery.key}, {}), IsEmpty());
}

TEST_P(WebhookStoreTest, AnAttemptIsRecordedOnce) {
  const WebhookRecord webhook = Create(Webhook("w"));
  Ended(1, "j");
  const DueDelivery due = Due().front();
  Record(due, DeliveryState::kWaiting);
  Record(due, DeliveryState::kDelivered);
  WebhookDelivery delivery = Deliveries(webhook).front();
  EXPECT_EQ(delivery.state, DeliveryState::kWaiting) << "the second was of the same attempt";
  EXPECT_EQ(delivery.attempts, 1);
  EXPECT_EQ(delivery.tries, 1);
  EXPECT_EQ(delivery.due, kLater + absl::Seconds(5));
  EXPECT_EQ(delivery.last_error, "“refused”");
  EXPECT_EQ(delivery.last_latency, absl::Milliseconds(12));
  EXPECT_EQ(*webhooks().NextDelivery(kLater), delivery.due);
  EXPECT_EQ(webhooks().GetWebhook("default", "w")->failing_since, kLater);
  Record(Due(kLater + absl::Hours(1)).front(), DeliveryState::kDelivered);
  delivery = Deliveries(webhook).front();
  EXPECT_EQ(delivery.state, DeliveryState::kDelivered);
  EXPECT_EQ(delivery.last_status, 200);
  EXPECT_EQ(delivery.attempts, 2);
  EXPECT_EQ(delivery.due, absl::InfinitePast());
  EXPECT_EQ(webhooks().GetWebhook("default", "w")->failing_since, absl::InfinitePast());
  EXPECT_EQ(*webhooks().NextDelivery(kLater), absl::InfiniteFuture());
}

TEST_P(WebhookStoreTest, OneJobIsToldInOrderOthersDoNotWaitForIt) {
  Create(Webhook("w"));
  JobScript job(1, "again");
  CommitAnnounced({job.Create()});
  CommitAnnounced({}, {job.Cancel()});
  CommitAnnounced({}, {job.Reopen()});
  CommitAnnounced({}, {job.Cancel()});
  Ended(2, "other");
  EXPECT_THAT(DueIds(), ElementsAre("again", "other"));
  Record(Due().front(), DeliveryState::kWaiting);
  EXPECT_THAT(DueIds(), ElementsAre("other")) << "the second waits for the first";
  Record(Due().front(), DeliveryState::kDelivered);
  EXPECT_THAT(DueIds(), IsEmpty()) << "the second waits for the first";
  Record(Due(kLater + absl::Hours(1)).front(), DeliveryState::kDelivered);
  EXPECT_THAT(DueIds(), ElementsAre("again"));
}

TEST_P(WebhookStoreTest, OneWebhookTakesNoOthersPlace) {
  const WebhookRecord first = Create(Webhook("w1"));
  Create(Webhook("w2"));
  for (int i = 1; i <= 3; ++i) Ended(i, "j" + std::to_string(i));
  const auto due = Due(kLater, 2);
  EXPECT_EQ(std::ranges::count(due, first.key, [](const auto& d) { return d.webhook.key; }), 2);
  EXPECT_EQ(due.size(), 4u);
  EXPECT_EQ(webhooks().MeasureOutbox()->waiting, 6);
  EXPECT_LT(webhooks().MeasureOutbox()->oldest, kLater);
}

TEST_P(WebhookStoreTest, WebhooksThatFailComeLastWithOneEachAndNoMoreThanAskedFor) {
  const WebhookRecord bad = Create(Webhook("bad"));
  for (int i = 1; i <= 3; ++i) Ended(i, "j" + std::to_string(i));
  Record(Due().front(), DeliveryState::kWaiting);
  const WebhookRecord good = Create(Webhook("good"));
  for (int i = 4; i <= 6; ++i) Ended(i, "j" + std::to_string(i));
  const auto webhooks_of = [](const std::vector<DueDelivery>& due) {
    std::vector<WebhookKey> keys;
    for (const DueDelivery& each : due) keys.push_back(each.webhook.key);
    return keys;
  };
  EXPECT_THAT(webhooks_of(Due()), ElementsAre(good.key, good.key, good.key, bad.key));
  const auto first = webhooks().LoadDueDeliveries(kLater, {}, {.of_webhook = 10, .all = 2});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(webhooks_of(*first), ElementsAre(good.key, good.key));
}

TEST_P(WebhookStoreTest, WhatCameWhileItWasDisabledIsNotSentOnceItIsEnabled) {
  const WebhookRecord webhook = Create(Webhook("w"));
  for (int i = 1; i <= 2; ++i) Ended(i, "j" + std::to_string(i));
  Record(Due().front(), DeliveryState::kDelivered);
  const DueDelivery last = Due().front();
  Record(last, DeliveryState::kFailed, WebhookDisabling::kGone);
  EXPECT_EQ(ReasonOf(webhooks().ResendDelivery(webhook.key, last.delivery.key, kLater).status()),
            "DELIVERY_NOT_FOUND");
  EXPECT_EQ(webhooks().MeasureOutbox()->waiting, 0);
  ASSERT_TRUE(webhooks().EnableWebhook("default", "w").ok());
  EXPECT_THAT(Due(), IsEmpty());
  Ended(3, "j3");
  ASSERT_TRUE(webhooks().EnableWebhook("default", "w").ok());
  EXPECT_THAT(DueIds(), ElementsAre("j3")) << "it was not disabled";
}

TEST_P(WebhookStoreTest, ADisabledWebhookIsToldNothingUntilItIsEnabled) {
  const WebhookRecord webhook = Create(Webhook("w"));
  Ended(1, "one");
  Ended(2, "two");
  Record(Due().front(), DeliveryState::kFailed, WebhookDisabling::kGone);
  Ended(3, "three");
  EXPECT_THAT(Told(webhook), ElementsAre("1 one", "1 two"));
  EXPECT_EQ(Deliveries(webhook).front().state, DeliveryState::kAbandoned);
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(*webhooks().NextDelivery(JobScript::Start()), absl::InfiniteFuture());
  EXPECT_EQ(webhooks().GetWebhook("default", "w")->disabling, WebhookDisabling::kGone);
  EXPECT_EQ(webhooks().GetWebhook("default", "w")->disable_time, kLater);
  const auto enabled = webhooks().EnableWebhook("default", "w");
  ASSERT_TRUE(enabled.ok()) << enabled.status();
  EXPECT_EQ(*enabled, webhook);
  Ended(4, "four");
  EXPECT_THAT(Told(webhook), ElementsAre("1 one", "1 two", "1 four"));
  EXPECT_EQ(ReasonOf(webhooks().EnableWebhook("default", "v").status()), "WEBHOOK_NOT_FOUND");
}

TEST_P(WebhookStoreTest, ADeliveryIsSentAnewWithAllItsTries) {
  const WebhookRecord webhook = Create(Webhook("w"));
  Ended(1, "j");
  Record(Due().front(), DeliveryState::kDelivered);
  EXPECT_THAT(Due(), IsEmpty());
  const DeliveryKey key = Deliveries(webhook).front().key;
  const auto resent = webhooks().ResendDelivery(webhook.key, key, kLater);
  ASSERT_TRUE(resent.ok()) << resent.status();
  EXPECT_EQ(resent->state, DeliveryState::kWaiting);
  EXPECT_EQ(resent->tries, 0);
  EXPECT_EQ(resent->attempts, 1);
  EXPECT_EQ(Due().front().delivery, *resent);
  EXPECT_EQ(ReasonOf(webhooks().ResendDelivery(webhook.key, key + 1, kLater).status()),
            "DELIVERY_NOT_FOUND");
  EXPECT_EQ(ReasonOf(webhooks().ResendDelivery(webhook.key + 1, key, kLater).status()),
            "DELIVERY_NOT_FOUND");
}

TEST_P(WebhookStoreTest, DeliveriesAreListedPageByPage) {
  const WebhookRecord webhook = Create(Webhook("w"));
  for (int i = 1; i <= 3; ++i) Ended(i, "j" + std::to_string(i));
  const auto page = *webhooks().ListDeliveries(webhook.key, 0, 2);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].subject_id, "j3");
  const auto rest = *webhooks().ListDeliveries(webhook.key, page[1].key, 2);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].subject_id, "j1");
}

TEST_P(WebhookStoreTest, WhatEndedLongAgoGoesWhatWaitsStays) {
  const WebhookRecord webhook = Create(Webhook("w"));
  Ended(1, "done");
  Record(Due().front(), DeliveryState::kDelivered);
  Ended(2, "waits");
  ASSERT_TRUE(webhooks().PurgeDeliveries(JobScript::Start(), kLater).ok());
  EXPECT_EQ(Told(webhook).size(), 2u);
  EXPECT_FALSE(*webhooks().PurgeDeliveries(kLater, kLater));
  EXPECT_THAT(Told(webhook), ElementsAre("1 waits"));
}

TEST_P(WebhookStoreTest, WhatADeletedWebhookWasToBeToldGoesWithIt) {
  const WebhookRecord webhook = Create(Webhook("w"));
  Ended(1, "one");
  EXPECT_EQ(*webhooks().DeleteWebhook("default", "w", kLater), webhook.key);
  EXPECT_EQ(*webhooks().DeleteWebhook("default", "w", kLater), 0);
  EXPECT_EQ(ReasonOf(webhooks().GetWebhook("default", "w").status()), "WEBHOOK_NOT_FOUND");
  EXPECT_THAT(*jobs().LoadWebhooks(), IsEmpty());
  EXPECT_THAT(Due(), IsEmpty());
  Ended(2, "two");
  EXPECT_EQ(webhooks().MeasureOutbox()->waiting, 0);
  const WebhookRecord second = Create(Webhook("w"));
  EXPECT_NE(second.key, webhook.key);
  ASSERT_TRUE(webhooks().PurgeDeliveries(JobScript::Start(), kLater).ok());
  EXPECT_THAT(Told(webhook), IsEmpty());
  EXPECT_EQ(webhooks().ListWebhooks("default")->size(), 1u);
}

TEST_P(WebhookStoreTest, TheEndOfABatchIsRecordedWithIt) {
  WebhookRecord webhook = Webhook("w");
  webhook.events = WebhookEventBit(WebhookEvent::kBatchFailed);
  webhook = Create(webhook);
  BatchRecord batch;
  batch.project = "default";
  batch.id = "b";
  batch.uid = "uid-b";
  batch.labels = {{"a", "b"}};
  batch.operations = 1;
  batch.create_time = JobScript::Start();
  batch.run_time = batch.create_time;
  batch = batches().CreateBatch(batch, {"request"})->record;
  batch.end_time = JobScript::Start() + absl::Minutes(1);
  ASSERT_TRUE(batches().EndBatch(batch, BatchState::kFailed).ok());
  EXPECT_EQ(ReasonOf(batches().EndBatch(batch, BatchState::kFailed)), "BATCH_CHANGED");
  EXPECT_THAT(Told(webhook), ElementsAre("7 b"));
  const DueDelivery due = Due().front();
  EXPECT_EQ(due.delivery.subject, batch.key);
  EXPECT_EQ(due.delivery.time, batch.end_time);
  EXPECT_EQ(due.subject->uid, "uid-b");
  EXPECT_EQ(due.subject->labels, batch.labels);
  EXPECT_EQ(due.subject->operations, 1);
  ++batch.version;
  ASSERT_TRUE(batches().EndBatch(batch, BatchState::kCompleted).ok());
  EXPECT_THAT(Told(webhook), ElementsAre("7 b")) << "it does not want to hear of that";
}

TEST_P(WebhookStoreTest, AJobAndABatchWithTheSameKeyDoNotWaitForEachOther) {
  Create(Webhook("w"));
  BatchRecord batch;
  batch.project = "default";
  batch.id = "b";
  batch.uid = "uid-b";
  batch.create_time = JobScript::Start();
  batch.run_time = batch.create_time;
  batch = batches().CreateBatch(batch, {"request"})->record;
  batch.end_time = JobScript::Start() + absl::Minutes(1);
  ASSERT_TRUE(batches().EndBatch(batch, BatchState::kFailed).ok());
  Ended(batch.key, "j");
  EXPECT_EQ(Due().size(), 2u);
}

}  // namespace
}  // namespace dq
