#include "tests/scheduler/simulation/timeline.h"

#include <algorithm>
#include <cstdio>

namespace dq::sim {

void Timeline::At(absl::Time time, Act act) {
  heap_.push_back({std::max(time, now_), ++planned_, std::move(act)});
  std::push_heap(heap_.begin(), heap_.end(), IsLater);
}

void Timeline::Step() {
  std::pop_heap(heap_.begin(), heap_.end(), IsLater);
  const Planned next = std::move(heap_.back());
  heap_.pop_back();
  now_ = next.time;
  next.act();
}

void Timeline::RunUntil(absl::Time end) {
  while (!heap_.empty() && heap_.front().time <= end) Step();
  now_ = end;
}

absl::Duration Timeline::Between(absl::Duration shortest, absl::Duration longest) {
  return shortest + absl::Microseconds(static_cast<int64_t>(
                        Fraction() * absl::ToDoubleMicroseconds(longest - shortest)));
}

double Timeline::Fraction() {
  return static_cast<double>(random_() >> 11) / static_cast<double>(uint64_t{1} << 53);
}

void Timeline::Print(const std::string& text) const {
  std::printf("%12.6f %s\n", absl::ToDoubleSeconds(now_ - Start()), text.c_str());
}

}  // namespace dq::sim
