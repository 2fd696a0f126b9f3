// Port: how a message reaches a webhook. Implemented in scheduler/http on libcurl; tests have one
// without a network. Implementations are thread-safe.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "scheduler/core/webhook.h"
#include "scheduler/core/webhook_message.h"

namespace dq {

// A message, to be posted as application/json.
struct WebhookRequest {
  std::string url;
  HttpHeaders headers;
  std::string body;
  absl::Duration timeout;  // For all of it, from the look-up of the name on.
};

class WebhookTransport {
 public:
  using Done = std::function<void(WebhookAnswer)>;

  virtual ~WebhookTransport() = default;

  // Returns why nothing can be posted to `url`, as far as the text alone tells: INVALID_ARGUMENT
  // (URL_INVALID, or ADDRESS_REFUSED when it names an address that is not allowed).
  virtual absl::Status CheckUrl(const std::string& url) const = 0;
  // Posts, once. Returns at once; `done` is called once, from a thread that it must not block.
  virtual void Post(WebhookRequest request, Done done) = 0;
};

}  // namespace dq
