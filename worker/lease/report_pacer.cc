#include "worker/lease/report_pacer.h"

#include <algorithm>

namespace dq {

void ReportPacer::Start(absl::Duration interval) {
  running_ = true;
  news_ = true;
  interval_ = interval;
  sent_ = 0;
  answered_ = 0;
}

int64_t ReportPacer::Sent(absl::Time now) {
  news_ = false;
  next_ = now + interval_ * (0.9 + 0.2 * random_());
  return ++sent_;
}

void ReportPacer::Answered(int64_t sequence) { answered_ = std::max(answered_, sequence); }

absl::Time ReportPacer::Due() const {
  if (!running_) return absl::InfiniteFuture();
  if (news_ && answered_ >= sent_) return absl::InfinitePast();
  return next_;
}

}  // namespace dq
