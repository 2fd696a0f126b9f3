// The thread that carries the outbox on while this replica leads: one pass of the driver after the
// other, until the next delivery is due, an answer has come, or it is woken. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "scheduler/engine/webhook_driver.h"

namespace dq {

struct WebhookSenderOptions {
  WebhookDriverOptions driver;
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
  void Wake() { inbox_->Wake(); }

  // See WebhookTransport.
  absl::Status CheckUrl(const std::string& url) const { return transport_.CheckUrl(url); }
  // See WebhookDriver.
  absl::Status Test(const WebhookRecord& webhook, WebhookTransport::Done done) {
    return driver_.Test(webhook, std::move(done));
  }

 private:
  void Run();

  WebhookTransport& transport_;
  const Clock& clock_;
  const absl::Duration stop_grace_;
  const std::shared_ptr<WebhookInbox> inbox_ = std::make_shared<WebhookInbox>();
  std::function<bool()> leads_;  // Set by Start().
  WebhookDriver driver_;         // But for Test(), of the thread alone.
  std::thread thread_;           // Written by Start() and Stop() only.
};

}  // namespace dq
