// When a worker has to stop trusting its leases. The scheduler counts a lease's life from the
// moment it received a report, which is later than the moment the worker sent it; so, while the
// stream stands, a worker that stops `margin` before send time + TTL has stopped before anyone else
// may start. When the stream breaks, a scheduler may lease the job again sooner (its README says
// when): two attempts can overlap then, which costs work, not results, because only the newest can
// be recorded. Times are Clock::Boot(), which goes on while the machine sleeps. Pure. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <deque>

#include "absl/time/time.h"

namespace dq {

// Kept free at the end of a lease to stop a child; at most a quarter of the TTL.
inline constexpr absl::Duration kFenceMargin = absl::Seconds(2);

class SelfFence {
 public:
  // A new stream begins: numbering starts again, and its Hello was sent at `now`.
  void StreamOpened(absl::Time now);
  // The Hello was answered: its send time counts, with leases of `ttl` from now on.
  void Welcomed(absl::Duration ttl);
  // Report `sequence` is on its way.
  void ReportSent(int64_t sequence, absl::Time now);
  // A turn takes report `sequence` into account; 0 and unknown numbers change nothing.
  void Answered(int64_t sequence);

  // When everything that runs has to be stopped; InfiniteFuture before the first Welcome.
  absl::Time Deadline() const;

 private:
  struct Sent {
    int64_t sequence;
    absl::Time time;
  };

  absl::Duration ttl_ = absl::InfiniteDuration();
  absl::Time hello_time_ = absl::InfinitePast();
  absl::Time answered_time_ = absl::InfinitePast();  // Send time of the newest answered message.
  std::deque<Sent> unanswered_;                      // Ascending.
};

}  // namespace dq
