// When the next report is due: at the jittered interval, and at once when there is news and no
// report is unanswered. One unanswered report at a time is the flow control: news that arrives
// meanwhile goes out together. Times are Clock::Boot(). Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace dq {

class ReportPacer {
 public:
  // `random` returns uniform numbers in [0, 1).
  explicit ReportPacer(std::function<double()> random) : random_(std::move(random)) {}

  // A stream is up: reports go every `interval` ± 10 %, the first one at once.
  void Start(absl::Duration interval);
  // The stream is gone: no report is due.
  void Stop() { running_ = false; }
  // Something happened that the scheduler wants to know.
  void News() { news_ = true; }
  // Returns the number of the report that is sent now, from 1 on every stream.
  int64_t Sent(absl::Time now);
  // A turn takes report `sequence` into account.
  void Answered(int64_t sequence);

  // When the next report is due: InfinitePast for at once, InfiniteFuture for never.
  absl::Time Due() const;

 private:
  std::function<double()> random_;
  bool running_ = false;
  bool news_ = false;
  absl::Duration interval_;
  absl::Time next_ = absl::InfinitePast();
  int64_t sent_ = 0;
  int64_t answered_ = 0;
};

}  // namespace dq
