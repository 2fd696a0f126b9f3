// Which ends of jobs the cell has recorded for webhooks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/scheduler/engine/cell_harness.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CellWebhooksTest : public ::testing::Test {
 protected:
  WebhookRecord Record(const std::string& id) {
    WebhookRecord webhook;
    webhook.project = "default";
    webhook.id = id;
    webhook.uid = id;
    return store_->CreateWebhook(webhook, cell_.cell.epoch())->record;
  }
  absl::Status Set(const WebhookRecord& webhook, WebhookPresence presence) {
    return cell_.cell.SetWebhook({webhook.project, webhook.key}, presence);
  }
  void CreateAndCancel(const std::string& id) {
    cell_.Create(id);
    cell_.Cancel(id);
    cell_.Settle();
  }
  // The ids of the jobs of whose ends the webhook is told, oldest first.
  std::vector<std::string> Told(const WebhookRecord& webhook) {
    std::vector<std::string> ids;
    const auto deliveries = store_->ListDeliveries(webhook.key, 0, 100);
    for (const auto& delivery : deliveries.value()) {
      ids.insert(ids.begin(), delivery.subject_id);
    }
    return ids;
  }

  CellHarness cell_;
  FakeStore* const store_ = &cell_.store;
};

TEST_F(CellWebhooksTest, EndsAreRecordedFromWhenTheWebhookIsKnownUntilItIsGone) {
  const WebhookRecord webhook = Record("w");
  CreateAndCancel("before");
  ASSERT_TRUE(Set(webhook, WebhookPresence::kThere).ok());
  CreateAndCancel("meanwhile");
  ASSERT_TRUE(Set(webhook, WebhookPresence::kGone).ok());
  CreateAndCancel("after");
  EXPECT_THAT(Told(webhook), ElementsAre("meanwhile"));
}

TEST_F(CellWebhooksTest, AnEndThatWasDecidedButNotHandedOverIsRecordedToo) {
  const WebhookRecord webhook = Record("w");
  cell_.Create("j");
  cell_.Cancel("j");
  ASSERT_TRUE(Set(webhook, WebhookPresence::kThere).ok());
  cell_.Settle();
  EXPECT_THAT(Told(webhook), ElementsAre("j"));
}

TEST_F(CellWebhooksTest, OneOfTwoThatGoesLeavesTheOtherItsEnds) {
  const WebhookRecord first = Record("w1");
  const WebhookRecord second = Record("w2");
  for (const WebhookRecord& webhook : {first, second}) {
    ASSERT_TRUE(Set(webhook, WebhookPresence::kThere).ok());
  }
  ASSERT_TRUE(store_->DeleteWebhook("default", "w1", cell_.clock.Now()).ok());
  ASSERT_TRUE(Set(first, WebhookPresence::kGone).ok());
  CreateAndCancel("j");
  EXPECT_THAT(Told(first), IsEmpty());
  EXPECT_THAT(Told(second), ElementsAre("j"));
}

TEST_F(CellWebhooksTest, OtherProjectsTellNothing) {
  WebhookRecord elsewhere = Record("w");
  ASSERT_TRUE(cell_.cell.SetWebhook({"other", 99}, WebhookPresence::kThere).ok());
  CreateAndCancel("j");
  EXPECT_THAT(Told(elsewhere), IsEmpty());
}

TEST_F(CellWebhooksTest, WhoDoesNotLeadTakesNone) {
  const WebhookRecord webhook = Record("w");
  ASSERT_TRUE(Set(webhook, WebhookPresence::kThere).ok());
  cell_.cell.StepDown(absl::UnavailableError("another leads"));
  EXPECT_TRUE(absl::IsUnavailable(Set(webhook, WebhookPresence::kThere)));
}

TEST_F(CellWebhooksTest, ANewLeaderKnowsTheWebhooksAndWakesTheSender) {
  const WebhookRecord webhook = Record("w");
  std::atomic<int> woken = 0;
  SchedulerOptions options;
  options.instance = "leader-1";
  options.leadership_ttl = absl::Hours(2);
  RecordingMetrics metrics;
  Scheduler scheduler(options, *store_, SystemClock(), metrics,
                      {.ended = {}, .reopening = {}, .announced = [&woken] { ++woken; }});
  scheduler.Start();
  ASSERT_TRUE(WaitUntil([&] { return scheduler.IsServing(); }));
  std::promise<void> submitted;
  scheduler.Submit(CellHarness::NewJob("j"), [&](const absl::StatusOr<SubmitResult>& result) {
    EXPECT_TRUE(result.ok()) << result.status();
    submitted.set_value();
  });
  submitted.get_future().wait();
  std::promise<void> cancelled;
  scheduler.Cancel({"default", "j"}, "", "tester", [&](const absl::StatusOr<JobView>& view) {
    EXPECT_TRUE(view.ok()) << view.status();
    cancelled.set_value();
  });
  cancelled.get_future().wait();
  EXPECT_THAT(Told(webhook), ElementsAre("j"));
  EXPECT_TRUE(WaitUntil([&] { return woken == 1; }));
  scheduler.Stop();
}

}  // namespace
}  // namespace dq
