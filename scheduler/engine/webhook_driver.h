// Takes the steps of what the outbox holds: reads what is due, has the transport post it, many at a
// time, and records what came of it. At least once: what was sent and not recorded is sent again,
// by whoever leads. One job's ends go to one webhook in order, the next once the one before is
// delivered or given up. A webhook that fails gets one message at a time, and all that fail
// half of what is under way, so that they hold up nobody else's. Blocks: used by one thread, but
// for Test().
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "scheduler/core/webhook_store.h"
#include "scheduler/engine/engine_metrics.h"
#include "scheduler/engine/webhook_inbox.h"
#include "scheduler/engine/webhook_transport.h"

namespace dq {

struct WebhookDriverOptions {
  size_t in_flight_max = 64;
  int in_flight_webhook_max = 8;                              // To one webhook.
  int tests_max = 16;                                         // Under way.
  absl::Duration timeout = absl::Seconds(15);                 // Of a message.
  double retry_scale = 1;                                     // Of the waits between tries.
  absl::Duration kept = absl::Hours(24 * 7);                  // What has ended, for ListDeliveries.
  absl::Duration look_interval = absl::Seconds(60);           // At the outbox, unless woken.
  absl::Duration later = absl::Seconds(1);                    // After the database failed.
  absl::Duration standby_interval = absl::Milliseconds(500);  // Whether this replica leads now.
  absl::Duration measure_interval = absl::Seconds(15);
  absl::Duration purge_interval = absl::Minutes(10);
};

class WebhookDriver {
 public:
  struct Ports {
    WebhookStore& store;
    WebhookTransport& transport;
    const Clock& clock;
    EngineMetrics& metrics;
    std::function<double()> random;  // Uniform in [0, 1).
  };

  // What `ports` refers to outlives the driver; answers come to `inbox`, also after it.
  WebhookDriver(Ports ports, std::shared_ptr<WebhookInbox> inbox, WebhookDriverOptions options)
      : ports_(std::move(ports)), inbox_(std::move(inbox)), options_(options) {}

  // Records what was answered and, while this replica leads, posts what is due. Returns when to
  // look again, on the boot clock, unless the inbox has news before.
  absl::Time Pass(bool leads);
  // Records what was answered, and posts nothing. Returns whether answers are still to come.
  bool Settle();

  // Posts a signed test to a webhook, beside the outbox; `done` as of WebhookTransport::Post().
  // RESOURCE_EXHAUSTED (QUOTA) while as many as may be are under way: then it is not called.
  // Thread-safe.
  absl::Status Test(const WebhookRecord& webhook, WebhookTransport::Done done) const;

 private:
  struct Posted {
    WebhookKey webhook = 0;
    bool is_failing = false;
  };
  void TakeAnswers();
  // Records what was answered. Returns whether nothing is left to record.
  bool RecordAnswers();
  // Posts what is due; returns when the next is, on the boot clock.
  absl::Time SendDue();
  bool MaySend(const DueDelivery& due) const;
  void Send(DueDelivery due);
  WebhookRequest Signed(const WebhookRecord& webhook, const std::string& id,
                        const std::string& body) const;
  // Removes what is old and measures what waits.
  void KeepHouse();

  const Ports ports_;
  const std::shared_ptr<WebhookInbox> inbox_;
  const WebhookDriverOptions options_;
  // Tests under way; outlives the driver with their callbacks.
  const std::shared_ptr<std::atomic<int>> tests_ = std::make_shared<std::atomic<int>>(0);
  std::map<DeliveryKey, Posted> in_flight_;  // Posted and not recorded.
  std::vector<DeliveryAttempt> unrecorded_;
  absl::Time measure_due_ = absl::InfinitePast();  // Boot clock, both.
  absl::Time purge_due_ = absl::InfinitePast();
};

}  // namespace dq
