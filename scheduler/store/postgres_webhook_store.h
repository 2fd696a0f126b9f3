// WebhookStore on PostgreSQL. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/webhook_store.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresWebhookStore : public WebhookStore {
 public:
  // `cell` names the leadership row; `sessions` outlives the store.
  PostgresWebhookStore(std::string cell, ResourcePool<Session>& sessions)
      : cell_(std::move(cell)), sessions_(sessions) {}

  absl::StatusOr<Created<WebhookRecord>> CreateWebhook(const WebhookRecord& webhook,
                                                       int64_t epoch) override;
  absl::StatusOr<WebhookRecord> GetWebhook(const std::string& project,
                                           const std::string& id) override;
  absl::StatusOr<std::vector<WebhookRecord>> ListWebhooks(const std::string& project) override;
  absl::StatusOr<WebhookRecord> EnableWebhook(const std::string& project,
                                              const std::string& id) override;
  absl::StatusOr<WebhookKey> DeleteWebhook(const std::string& project, const std::string& id,
                                           absl::Time now) override;
  absl::StatusOr<std::vector<WebhookDelivery>> ListDeliveries(WebhookKey webhook,
                                                              DeliveryKey before,
                                                              int limit) override;
  absl::StatusOr<WebhookDelivery> ResendDelivery(WebhookKey webhook, DeliveryKey delivery,
                                                 absl::Time now) override;
  absl::StatusOr<std::vector<DueDelivery>> LoadDueDeliveries(absl::Time now,
                                                             const std::vector<DeliveryKey>& except,
                                                             DueLimits limits) override;
  absl::StatusOr<absl::Time> NextDelivery(absl::Time now) override;
  absl::Status RecordAttempts(const std::vector<DeliveryAttempt>& attempts) override;
  absl::StatusOr<OutboxDepth> MeasureOutbox() override;
  absl::StatusOr<bool> PurgeDeliveries(absl::Time before, absl::Time now) override;

 private:
  // Returns what an insert that did nothing means.
  absl::StatusOr<Created<WebhookRecord>> Existing(Transaction& transaction,
                                                  const WebhookRecord& wanted, int64_t epoch) const;

  const std::string cell_;
  ResourcePool<Session>& sessions_;
};

}  // namespace dq
