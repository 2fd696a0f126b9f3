// A WebhookTransport without a network: answers at once and keeps what was posted. Header only;
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/mutex.h"
#include "scheduler/engine/webhook_transport.h"

namespace dq {

class AnsweringTransport : public WebhookTransport {
 public:
  // Takes every https URL.
  absl::Status CheckUrl(const std::string& url) const override {
    if (url.starts_with("https://")) return absl::OkStatus();
    return MakeError(absl::StatusCode::kInvalidArgument, "URL_INVALID", "https:// or http://");
  }
  void Post(WebhookRequest request, Done done) override {
    int32_t status = 0;
    {
      MutexLock lock(mutex_);
      posted_.push_back(std::move(request));
      status = status_;
    }
    done({status, status == 0 ? "no route" : "", absl::Milliseconds(7)});
  }

  // From now on everything is answered with that; 0: with no answer.
  void AnswerWith(int32_t status) {
    MutexLock lock(mutex_);
    status_ = status;
  }
  std::vector<WebhookRequest> posted() const {
    MutexLock lock(mutex_);
    return posted_;
  }

 private:
  mutable Mutex mutex_;
  int32_t status_ GUARDED_BY(mutex_) = 200;
  std::vector<WebhookRequest> posted_ GUARDED_BY(mutex_);
};

}  // namespace dq
