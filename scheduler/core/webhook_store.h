// Port: the records of webhooks and of what they are told. That a job or batch has ended is written
// with the end itself (JobStore::Commit, BatchStore::UpdateBatch), for every webhook that wants to
// hear of it. Every call here is a transaction of its own. Calls block: never from a gRPC thread.
// Implementations are thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduler/core/catalog_store.h"
#include "scheduler/core/webhook.h"

namespace dq {

// How many deliveries are read at a time.
struct DueLimits {
  int of_webhook = 8;  // Of one that fails: 1.
  int all = 128;
};

class WebhookStore {
 public:
  virtual ~WebhookStore() = default;

  // Records a webhook for the leader of `epoch`, which is to be told afterwards, and gives it its
  // key. With the identical record again it is the same call, whose answer was lost: `existed`
  // stays false. ABORTED (NOT_LEADER): another leads. ALREADY_EXISTS: ID_TAKEN, or
  // REQUEST_ID_REUSED when the earlier webhook of that request_id has another hash.
  // RESOURCE_EXHAUSTED (QUOTA): the project has kWebhooksPerProjectMax. Nothing was written then.
  virtual absl::StatusOr<Created<WebhookRecord>> CreateWebhook(const WebhookRecord& webhook,
                                                               int64_t epoch) = 0;
  // NOT_FOUND WEBHOOK_NOT_FOUND.
  virtual absl::StatusOr<WebhookRecord> GetWebhook(const std::string& project,
                                                   const std::string& id) = 0;
  // Returns all webhooks of a project, oldest first.
  virtual absl::StatusOr<std::vector<WebhookRecord>> ListWebhooks(const std::string& project) = 0;
  // A webhook that was disabled is told again of what ends from now on; what still waits for it is
  // abandoned. NOT_FOUND as above.
  virtual absl::StatusOr<WebhookRecord> EnableWebhook(const std::string& project,
                                                      const std::string& id) = 0;
  // Nothing is recorded for it or sent to it any more; what was recorded goes with Purge().
  // Returns its key; 0: there is none, which is OK.
  virtual absl::StatusOr<WebhookKey> DeleteWebhook(const std::string& project,
                                                   const std::string& id, absl::Time now) = 0;

  // Returns up to `limit` deliveries of a webhook with key < `before` (0: from the newest), newest
  // first.
  virtual absl::StatusOr<std::vector<WebhookDelivery>> ListDeliveries(WebhookKey webhook,
                                                                      DeliveryKey before,
                                                                      int limit) = 0;
  // Makes a delivery due at `now`, with all tries before it, whatever has become of it. NOT_FOUND
  // DELIVERY_NOT_FOUND; so it is of a webhook that is disabled.
  virtual absl::StatusOr<WebhookDelivery> ResendDelivery(WebhookKey webhook, DeliveryKey delivery,
                                                         absl::Time now) = 0;

  // Returns deliveries that are due at `now`, within `limits`, the earliest first, those of
  // webhooks that fail behind all others; none of a disabled webhook, none of `except`, and none
  // while an earlier one of the same job or batch to the same webhook waits.
  virtual absl::StatusOr<std::vector<DueDelivery>> LoadDueDeliveries(
      absl::Time now, const std::vector<DeliveryKey>& except, DueLimits limits) = 0;
  // Returns when the next one becomes due after `now`; an infinite future when none waits.
  virtual absl::StatusOr<absl::Time> NextDelivery(absl::Time now) = 0;
  // Records what attempts have made of deliveries and their webhooks; what was recorded already, or
  // is not so any more, stays as it is. A webhook that is disabled abandons what waits.
  virtual absl::Status RecordAttempts(const std::vector<DeliveryAttempt>& attempts) = 0;
  // Returns how much waits for webhooks that are told.
  virtual absl::StatusOr<OutboxDepth> MeasureOutbox() = 0;
  // Removes some of what has ended before `before`, and some of deleted webhooks. Returns whether
  // there may be more.
  virtual absl::StatusOr<bool> PurgeDeliveries(absl::Time before, absl::Time now) = 0;
};

}  // namespace dq
