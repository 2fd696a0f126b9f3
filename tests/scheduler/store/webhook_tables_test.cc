// What becomes of the rows of webhooks and deliveries in PostgreSQL where the port cannot show it.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "scheduler/store/postgres_store.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

const absl::Time kLater = JobScript::Start() + absl::Hours(1);

class WebhookTablesTest : public ::testing::Test {
 protected:
  WebhookTablesTest() {
    options_.conninfo = NewStoreDatabase();
    store_ = *PostgresStore::Create(options_);
    WebhookRecord webhook;
    webhook.project = "default";
    webhook.id = "w";
    webhook.uid = "uid";
    webhook.secret = "whsec_";
    webhook.create_time = JobScript::Start();
    const int64_t epoch = store_->jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
    EXPECT_TRUE(webhooks().CreateWebhook(webhook, epoch).ok());
  }
  WebhookStore& webhooks() { return store_->webhooks(); }
  std::string Run(const std::string& sql) { return Probe(options_.conninfo, sql); }

  PostgresStoreOptions options_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_F(WebhookTablesTest, ADeletedWebhookGoesOnceNoCommitCanStillWriteForIt) {
  ASSERT_TRUE(webhooks().DeleteWebhook("default", "w", JobScript::Start()).ok());
  EXPECT_EQ(Run("SELECT secret FROM webhook"), "");
  ASSERT_TRUE(webhooks().PurgeDeliveries(kLater, JobScript::Start()).ok());
  EXPECT_EQ(Run("SELECT count(*) FROM webhook"), "1");
  ASSERT_TRUE(webhooks().PurgeDeliveries(kLater, kLater).ok());
  EXPECT_EQ(Run("SELECT count(*) FROM webhook"), "0");
}

// A commit may have read the webhook before it was disabled.
TEST_F(WebhookTablesTest, WhatWaitsForAWebhookThatIsDisabledIsAbandonedWhenItIsEnabled) {
  Run("UPDATE webhook SET disable_time = now(), disable_reason = 2;"
      "INSERT INTO webhook_delivery (webhook_key, event, subject_key, subject_id, reason, time, "
      "due_time) SELECT key, 1, 7, 'j', '', now(), now() FROM webhook");
  EXPECT_EQ(webhooks().MeasureOutbox()->waiting, 0);
  ASSERT_TRUE(webhooks().EnableWebhook("default", "w").ok());
  EXPECT_TRUE(webhooks().LoadDueDeliveries(absl::Now() + absl::Hours(1), {}, {})->empty());
  EXPECT_EQ(Run("SELECT state FROM webhook_delivery"), "4");
}

TEST_F(WebhookTablesTest, WhatWaitsDoesNotKeepWhatHasEnded) {
  Run("INSERT INTO webhook_delivery (webhook_key, event, subject_key, subject_id, reason, time, "
      "due_time, state) SELECT w.key, 1, i, 'j', '', '2000-01-01', "
      "CASE WHEN i <= 2000 THEN now() END, CASE WHEN i <= 2000 THEN 1 ELSE 2 END "
      "FROM webhook w, generate_series(1, 4005) AS i ORDER BY i");
  const auto purge = [&] { return webhooks().PurgeDeliveries(absl::Now(), absl::Now()); };
  EXPECT_TRUE(*purge()) << "there is more at once";
  EXPECT_FALSE(*purge());
  EXPECT_EQ(Run("SELECT count(*), count(due_time) FROM webhook_delivery"), "2000 2000");
}

}  // namespace
}  // namespace dq
