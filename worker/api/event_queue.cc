#include "worker/api/event_queue.h"

#include <algorithm>
#include <utility>

namespace dq {
namespace {

// Waits are cut into pieces: a deadline far away overflows the condition variable's clock.
constexpr absl::Duration kWaitMax = absl::Seconds(60);

}  // namespace

void EventQueue::Push(AgentEvent event) {
  MutexLock lock(mutex_);
  events_.push_back(std::move(event));
  if (events_.size() == 1) pushed_.NotifyOne();
}

std::vector<AgentEvent> EventQueue::Take(absl::Time deadline, const Clock& clock) {
  MutexLock lock(mutex_);
  while (events_.empty()) {
    const absl::Duration left = deadline - clock.Boot();
    if (left <= absl::ZeroDuration()) break;
    pushed_.WaitFor(mutex_, absl::ToChronoNanoseconds(std::min(left, kWaitMax)));
  }
  return std::exchange(events_, {});
}

}  // namespace dq
