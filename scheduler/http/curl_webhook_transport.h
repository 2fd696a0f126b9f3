// WebhookTransport on libcurl: one thread, many requests at a time. Connects to no address that the
// guard does not allow: it is asked about the very address of every connection, after the name was
// resolved. Follows no redirect, uses no proxy, sends no credentials, reads a bounded answer.
// Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "scheduler/core/address_guard.h"
#include "scheduler/engine/webhook_transport.h"

namespace dq {

class CurlWebhookTransport : public WebhookTransport {
 public:
  // `user_agent` is told to every receiver.
  CurlWebhookTransport(AddressGuard guard, std::string user_agent);
  // Calls Stop().
  ~CurlWebhookTransport() override;

  absl::Status CheckUrl(const std::string& url) const override;
  void Post(WebhookRequest request, Done done) override;
  // Ends all requests; theirs and every later one's answer says so. Call from one thread only.
  void Stop();

 private:
  class Loop;
  const std::unique_ptr<Loop> loop_;
};

}  // namespace dq
