// Sends what the outbox holds while this replica leads: a thread that reads what is due, has the
// transport post it, many at a time, and records what came of it. At least once: what was sent and
// not recorded is sent again, by whoever leads. One job's ends go to one webhook in order, the next
// once the one before is delivered or given up. A webhook that fails gets one message at a time, so
// that it holds up nobody else's. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "scheduler/core/webhook_store.h"
#include "scheduler/engine/engine_metrics.h"
#include "scheduler/engine/webhook_transport.h"

namespace dq {

struct WebhookSenderOptions {
  size_t in_flight_max = 64;
  int in_flight_webhook_max = 8;                              // To one webhook.
  absl::Duration timeout = absl::Seconds(15);                 // Of a message.
  double retry_scale = 1;                                     // Of the waits between tries.
  absl::Duration kept = absl::Hours(24 * 7);                  // What has ended, for ListDeliveries.
  absl::Duration look_interval = absl::Seconds(60);           // At the outbox, unless woken.
  absl::Duration later = absl::Seconds(1);                    // After the database failed.
  absl::Duration standby_interval = absl::Milliseconds(500);  // Whether this replica leads now.
  absl::Duration measure_interval = absl::Seconds(15);
  absl::Duration purge_interval = absl::Minutes(10);
  absl::Duration stop_grace = absl::Seconds(1);  // For what is in flight when stopped.
};

class WebhookSender {
 public:
  // All references outlive the sender; callbacks of `transport` may come after it.
  WebhookSender(WebhookStore& store, WebhookTransport& transport, const Clock& clock,
                EngineMetrics& metrics, WebhookSenderOptions options = {});
  // Calls Stop().
  ~WebhookSender() { Stop(); }

  // Starts the thread. `leads` says whether this replica leads; any thread may call it.
  void Start(std::function<bool()> leads);
  // Ends and joins; what is in flight has `stop_grace` to be answered and recorded.
  void Stop();
  // Something may have become due. Returns at once.
  void Wake();

  // See WebhookTransport.
  absl::Status CheckUrl(const std::string& url) const { return transport_.CheckUrl(url); }
  // Posts a signed test to a webhook, beside the outbox; `done` as of WebhookTransport::Post().
  void Test(const WebhookRecord& webhook, WebhookTransport::Done done);

 private:
  struct Answered {
    DueDelivery sent;
    WebhookAnswer answer;
  };
  // What other threads tell the sender's. Outlives it with the callbacks that are on their way.
  struct Inbox {
    Mutex mutex;
    CondVar changed;
    std::vector<Answered> answered GUARDED_BY(mutex);
    bool woken GUARDED_BY(mutex) = false;
    bool stopping GUARDED_BY(mutex) = false;
  };

  void Run();
  // Does what there is to do; returns when to look again, on the boot clock.
  absl::Time Pass();
  bool IsStopping() const;
  // Waits for that time, an answer, Wake() or Stop().
  void WaitUntil(absl::Time due);
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

  WebhookStore& store_;
  WebhookTransport& transport_;
  const Clock& clock_;
  EngineMetrics& metrics_;
  const WebhookSenderOptions options_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::function<bool()> leads_;  // Set by Start().

  // Touched by the sender's thread only.
  std::map<DeliveryKey, WebhookKey> in_flight_;  // Posted and not recorded.
  std::vector<DeliveryAttempt> unrecorded_;
  absl::Time measure_due_ = absl::InfinitePast();  // Boot clock, both.
  absl::Time purge_due_ = absl::InfinitePast();

  std::thread thread_;  // Written by Start() and Stop() only.
};

}  // namespace dq
