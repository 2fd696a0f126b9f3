#include "scheduler/engine/webhook_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "scheduler/core/webhook_policy.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Keeps what is posted until the test answers it.
class HeldTransport : public WebhookTransport {
 public:
  absl::Status CheckUrl(const std::string&) const override { return absl::OkStatus(); }
  void Post(WebhookRequest request, Done done) override {
    {
      MutexLock lock(mutex_);
      if (!open_) return posted_.push_back({std::move(request), std::move(done)});
    }
    done({200, "", absl::ZeroDuration()});
  }
  // Answers everything from now on.
  void Open() {
    {
      MutexLock lock(mutex_);
      open_ = true;
    }
    while (Count() > 0) Answer(200);
  }

  // What is under way, in the order in which it was posted: the ids of its jobs.
  std::vector<std::string> UnderWay() const {
    MutexLock lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [request, done] : posted_) {
      const std::string name = nlohmann::json::parse(request.body)["data"]["name"];
      ids.push_back(name.substr(name.rfind('/') + 1));
    }
    return ids;
  }
  size_t Count() const {
    MutexLock lock(mutex_);
    return posted_.size();
  }
  // Answers the oldest and returns it.
  WebhookRequest Answer(int32_t status) {
    EXPECT_TRUE(WaitUntil([this] { return Count() > 0; }));
    std::pair<WebhookRequest, Done> first;
    {
      MutexLock lock(mutex_);
      if (posted_.empty()) return {};
      first = std::move(posted_.front());
      posted_.pop_front();
    }
    first.second({status, status == 0 ? "no route" : "", absl::Milliseconds(3)});
    return first.first;
  }

 private:
  mutable Mutex mutex_;
  bool open_ GUARDED_BY(mutex_) = false;
  std::deque<std::pair<WebhookRequest, Done>> posted_ GUARDED_BY(mutex_);
};

std::string HeaderOf(const WebhookRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

class WebhookSenderTest : public testing::Test {
 protected:
  WebhookSenderTest() {
    epoch_ = store_.AcquireLeadership("s", "", absl::Hours(1))->epoch;
    WebhookSenderOptions options;
    options.driver.look_interval = absl::Milliseconds(20);
    options.driver.later = absl::Milliseconds(2);
    options.driver.standby_interval = absl::Milliseconds(2);
    options.driver.measure_interval = absl::Milliseconds(2);
    options.stop_grace = absl::Seconds(30);
    sender_.emplace(store_, transport_, clock_, metrics_, options);
    sender_->Start([this] { return leads_.load(); });
  }
  ~WebhookSenderTest() override {
    transport_.Open();
    sender_->Stop();
  }

  WebhookRecord Create(const std::string& id) {
    WebhookRecord webhook;
    webhook.project = "p";
    webhook.id = id;
    webhook.uid = "0123456789abcdef-" + id;
    webhook.url = "https://example.com/" + id;
    webhook.secret = WebhookSecret(std::string(32, 'k'));
    webhook.create_time = clock_.Now();
    return store_.CreateWebhook(webhook, epoch_)->record;
  }
  // Records the end of a new job, or again that of an earlier one.
  void End(JobKey key, const std::string& id) {
    WriteBatch batch;
    batch.epoch = epoch_;
    batch.sequence = ++sequence_;
    batch.now = clock_.Now();
    batch.announced_projects =
        std::make_shared<const std::set<std::string>>(std::set<std::string>{"p"});
    JobEventRecord event;
    event.time = clock_.Now();
    event.event = JobEvent::kCancel;
    event.to = JobState::kCancelled;
    if (store_.Jobs().contains(key)) {
      JobUpdate& update = batch.updates.emplace_back();
      update.key = key;
      update.name = {"p", id};
      update.status.state = JobState::kCancelled;
      update.events = {event};
    } else {
      JobInsert& insert = batch.inserts.emplace_back();
      insert.record.key = key;
      insert.record.name = {"p", id};
      insert.record.status.state = JobState::kCancelled;
      insert.events = {event};
    }
    const auto committed = store_.Commit(batch);
    EXPECT_TRUE(committed.ok()) << committed.status();
    sender_->Wake();
  }
  void Advance(absl::Duration step) {
    clock_.Advance(step);
    sender_->Wake();
  }
  bool AwaitUnderWay(size_t count) {
    return WaitUntil([&] { return transport_.Count() == count; });
  }
  WebhookDelivery Newest(const WebhookRecord& webhook) {
    return store_.ListDeliveries(webhook.key, 0, 1)->at(0);
  }
  bool AwaitState(const WebhookRecord& webhook, DeliveryState state) {
    return WaitUntil([&] { return Newest(webhook).state == state; });
  }
  bool AwaitAttempts(const WebhookRecord& webhook, int attempts) {
    return WaitUntil([&] { return Newest(webhook).attempts == attempts; });
  }

  ManualClock clock_;
  FakeStore store_{clock_};
  HeldTransport transport_;
  RecordingMetrics metrics_;
  std::atomic<bool> leads_ = true;
  int64_t epoch_ = 0;
  int64_t sequence_ = 0;
  std::optional<WebhookSender> sender_;
};

TEST_F(WebhookSenderTest, AnEndIsPostedSignedAndRecorded) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  ASSERT_TRUE(AwaitUnderWay(1));
  Advance(absl::Seconds(1));
  EXPECT_TRUE(WaitUntil([this] { return metrics_.Outbox() == 1; }));
  const WebhookRequest request = transport_.Answer(204);
  EXPECT_EQ(request.url, webhook.url);
  const std::string id = WebhookMessageId(webhook, Newest(webhook).key);
  EXPECT_EQ(request.headers,
            SignedHeaders(id, clock_.Now() - absl::Seconds(1), request.body, std::string(32, 'k')));
  EXPECT_TRUE(AwaitState(webhook, DeliveryState::kDelivered));
  EXPECT_EQ(Newest(webhook).last_status, 204);
  EXPECT_EQ(Newest(webhook).last_latency, absl::Milliseconds(3));
  EXPECT_EQ(metrics_.Answered("delivered"), 1);
  Advance(absl::Seconds(1));
  EXPECT_TRUE(WaitUntil([this] { return metrics_.Outbox() == 0; }));
}

TEST_F(WebhookSenderTest, WhatFailsIsPostedAgainInTimeWithTheSameIdAndBody) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  const WebhookRequest first = transport_.Answer(500);
  ASSERT_TRUE(AwaitAttempts(webhook, 1));
  EXPECT_EQ(Newest(webhook).state, DeliveryState::kWaiting);
  Advance(absl::Seconds(4));
  End(2, "k");  // Is posted, though the other one waits.
  ASSERT_TRUE(AwaitUnderWay(1));
  EXPECT_THAT(transport_.UnderWay(), ElementsAre("k"));
  transport_.Answer(200);
  ASSERT_TRUE(AwaitState(webhook, DeliveryState::kDelivered));
  Advance(absl::Seconds(2));
  const WebhookRequest second = transport_.Answer(200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(HeaderOf(second, "webhook-id"), HeaderOf(first, "webhook-id"));
  EXPECT_NE(HeaderOf(second, "webhook-timestamp"), HeaderOf(first, "webhook-timestamp"));
  EXPECT_NE(HeaderOf(second, "webhook-signature"), HeaderOf(first, "webhook-signature"));
  EXPECT_TRUE(WaitUntil([&] {
    return store_.ListDeliveries(webhook.key, 0, 9)->at(1).state == DeliveryState::kDelivered;
  }));
}

TEST_F(WebhookSenderTest, OneJobsEndsArePostedOneAfterTheOther) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  End(1, "j");
  End(2, "k");
  EXPECT_TRUE(AwaitUnderWay(2));
  EXPECT_THAT(transport_.UnderWay(), ElementsAre("j", "k"));
  transport_.Answer(200);
  EXPECT_TRUE(AwaitUnderWay(2));
  EXPECT_THAT(transport_.UnderWay(), ElementsAre("k", "j"));
}

TEST_F(WebhookSenderTest, AWebhookThatFailsGetsOneAtATimeOthersAsManyAsTheyMay) {
  Create("bad");
  End(1, "first");
  transport_.Answer(0);
  Create("good");
  for (int i = 10; i < 20; ++i) End(i, "j" + std::to_string(i));
  // Eight to the good one, one to the bad one.
  EXPECT_TRUE(AwaitUnderWay(9));
  const std::vector<std::string> ids = transport_.UnderWay();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 8u);
}

TEST_F(WebhookSenderTest, WebhooksThatFailLeaveHalfOfWhatMayBeUnderWayToTheOthers) {
  for (int i = 0; i < 40; ++i) Create("bad-" + std::to_string(i));
  End(1, "first");
  ASSERT_TRUE(AwaitUnderWay(40));
  for (int i = 0; i < 40; ++i) transport_.Answer(0);
  ASSERT_TRUE(WaitUntil([this] { return metrics_.Answered("to_be_retried") == 40; }));
  Advance(absl::Seconds(6));
  ASSERT_TRUE(AwaitUnderWay(32));
  Create("good");
  End(2, "second");
  EXPECT_TRUE(AwaitUnderWay(33));
  EXPECT_EQ(transport_.UnderWay().back(), "second");
}

TEST_F(WebhookSenderTest, GoneDisablesAndNothingIsPostedAnyMore) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  transport_.Answer(410);
  EXPECT_TRUE(WaitUntil(
      [this] { return store_.GetWebhook("p", "w")->disabling == WebhookDisabling::kGone; }));
  End(2, "k");
  Advance(absl::Hours(1));
  EXPECT_EQ(transport_.Count(), 0u);
  EXPECT_EQ(Newest(webhook).state, DeliveryState::kFailed);
  EXPECT_EQ(metrics_.Answered("failed"), 1);
}

TEST_F(WebhookSenderTest, DaysOfFailureDisable) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  for (int tries = 1; tries <= DeliveryTriesMax(); ++tries) {
    ASSERT_TRUE(AwaitUnderWay(1)) << tries;
    transport_.Answer(503);
    ASSERT_TRUE(AwaitAttempts(webhook, tries));
    if (tries < DeliveryTriesMax()) Advance(DeliveryBackoff(tries, 1) + absl::Seconds(1));
  }
  EXPECT_EQ(Newest(webhook).state, DeliveryState::kFailed);
  EXPECT_TRUE(WaitUntil(
      [this] { return store_.GetWebhook("p", "w")->disabling == WebhookDisabling::kFailing; }));
}

// With a backlog each delivery waits for the others between two tries.
TEST_F(WebhookSenderTest, DaysOfFailureDisableAlsoBeforeADeliveryHasHadAllItsTries) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  transport_.Answer(0);
  ASSERT_TRUE(AwaitAttempts(webhook, 1));
  Advance(absl::Hours(72));
  transport_.Answer(0);
  EXPECT_TRUE(WaitUntil(
      [this] { return store_.GetWebhook("p", "w")->disabling == WebhookDisabling::kFailing; }));
  EXPECT_EQ(Newest(webhook).state, DeliveryState::kAbandoned);
}

TEST_F(WebhookSenderTest, WhatCouldNotBeRecordedIsRecordedLaterAndNotPostedTwice) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  ASSERT_TRUE(AwaitUnderWay(1));
  store_.SetAvailable(false);
  transport_.Answer(200);
  EXPECT_TRUE(WaitUntil([this] { return metrics_.Answered("delivered") == 1; }));
  Advance(absl::Seconds(1));
  store_.SetAvailable(true);
  Advance(absl::Seconds(1));
  EXPECT_TRUE(AwaitState(webhook, DeliveryState::kDelivered));
  EXPECT_EQ(transport_.Count(), 0u);
}

TEST_F(WebhookSenderTest, AStandbyPostsNothingUntilItLeads) {
  leads_ = false;
  Advance(absl::Seconds(1));
  Create("w");
  const int64_t before = metrics_.Outbox();
  End(1, "j");
  Advance(absl::Seconds(1));
  EXPECT_EQ(transport_.Count(), 0u);
  EXPECT_EQ(metrics_.Outbox(), before);
  leads_ = true;
  Advance(absl::Seconds(1));
  EXPECT_TRUE(AwaitUnderWay(1));
}

TEST_F(WebhookSenderTest, WhatIsUnderWayWhenItStopsIsRecordedIfItIsAnswered) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  ASSERT_TRUE(AwaitUnderWay(1));
  std::thread stop([this] { sender_->Stop(); });
  transport_.Answer(200);
  stop.join();
  EXPECT_EQ(Newest(webhook).state, DeliveryState::kDelivered);
}

TEST_F(WebhookSenderTest, ATestIsPostedAtOnceAndRecordedNowhere) {
  const WebhookRecord webhook = Create("w");
  std::atomic<int32_t> status = -1;
  const auto done = [&status](const WebhookAnswer& answer) { status = answer.status; };
  EXPECT_TRUE(sender_->Test(webhook, done).ok());
  const WebhookRequest request = transport_.Answer(200);
  EXPECT_EQ(nlohmann::json::parse(request.body)["type"], "webhook.test");
  EXPECT_EQ(status, 200);
  EXPECT_THAT(*store_.ListDeliveries(webhook.key, 0, 9), IsEmpty());
}

TEST_F(WebhookSenderTest, SoManyTestsAreUnderWayAtOnce) {
  const WebhookRecord webhook = Create("w");
  const auto test = [&] { return sender_->Test(webhook, [](const WebhookAnswer&) {}); };
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(test().ok()) << i;
  EXPECT_EQ(ReasonOf(test()), "QUOTA");
  EXPECT_EQ(transport_.Count(), 16u);
  transport_.Answer(200);
  EXPECT_TRUE(test().ok());
}

TEST_F(WebhookSenderTest, WhatEndedAWeekAgoGoes) {
  const WebhookRecord webhook = Create("w");
  End(1, "j");
  transport_.Answer(200);
  ASSERT_TRUE(AwaitState(webhook, DeliveryState::kDelivered));
  Advance(absl::Hours(24 * 7) + absl::Seconds(1));
  EXPECT_TRUE(WaitUntil([&] { return store_.ListDeliveries(webhook.key, 0, 9)->empty(); }));
}

}  // namespace
}  // namespace dq
