#include "worker/lease/self_fence.h"

#include <algorithm>

namespace dq {

void SelfFence::StreamOpened(absl::Time now) {
  unanswered_.clear();
  hello_time_ = now;
}

void SelfFence::Welcomed(absl::Duration ttl) {
  ttl_ = ttl;
  answered_time_ = std::max(answered_time_, hello_time_);
}

void SelfFence::ReportSent(int64_t sequence, absl::Time now) {
  unanswered_.push_back({sequence, now});
}

void SelfFence::Answered(int64_t sequence) {
  while (!unanswered_.empty() && unanswered_.front().sequence <= sequence) {
    answered_time_ = std::max(answered_time_, unanswered_.front().time);
    unanswered_.pop_front();
  }
}

absl::Time SelfFence::Deadline() const {
  if (ttl_ == absl::InfiniteDuration()) return absl::InfiniteFuture();
  return answered_time_ + ttl_ - std::min(kFenceMargin, ttl_ / 4);
}

}  // namespace dq
