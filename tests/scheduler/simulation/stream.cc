#include "tests/scheduler/simulation/stream.h"

#include <algorithm>

namespace dq::sim {
namespace {

// How long a silent peer is believed in: keepalive.
constexpr absl::Duration kKeepalive = absl::Seconds(12);

}  // namespace

Stream::Stream(Process& worker, Process& scheduler)
    : time_(worker.time()),
      worker_(worker),
      scheduler_(scheduler),
      worker_life_(worker.life()),
      scheduler_life_(scheduler.life()) {}

void Stream::Send(Direction direction, Timeline::Act arrive) {
  Lane& lane = LaneOf(direction);
  if (broken_ || lane.closed) return;
  const absl::Duration slow = time_.OneIn(50) ? absl::Seconds(2) : absl::Milliseconds(4);
  lane.last = std::max(lane.last, time_.Now() + time_.Between(absl::Microseconds(50), slow));
  const absl::Time arrival = lane.last;
  time_.At(arrival, [self = shared_from_this(), direction, arrival, arrive = std::move(arrive)] {
    if (arrival > self->LaneOf(direction).cut) return;
    // Held until it is taken in: the worker knows its stream by the address.
    self->Reach(direction, absl::ZeroDuration(), [self, direction, arrive] {
      if (!self->LaneOf(direction).over) arrive();
    });
  });
}

void Stream::Reach(Direction direction, absl::Duration wait, Timeline::Act act) {
  const bool is_up = direction == Direction::kUp;
  Process& process = is_up ? scheduler_ : worker_;
  process.InLife(is_up ? scheduler_life_ : worker_life_, wait, std::move(act));
}

void Stream::SendLast(Direction direction, Timeline::Act arrive) {
  Send(direction, std::move(arrive));
  LaneOf(direction).closed = true;
}

void Stream::Stall(Direction direction, absl::Duration length) {
  Lane& lane = LaneOf(direction);
  lane.last = std::max(lane.last, time_.Now() + length);
}

void Stream::Break() {
  if (broken_) return;
  broken_ = true;
  for (Lane* const lane : {&up_, &down_}) {
    const absl::Duration rest = std::max(absl::ZeroDuration(), lane->last - time_.Now());
    lane->cut = time_.Now() + (time_.OneIn(2) ? rest : rest * time_.Fraction());
  }
  Learn(Direction::kDown, &Stream::worker_learns);
  Learn(Direction::kUp, &Stream::scheduler_learns);
}

void Stream::Learn(Direction direction, Timeline::Act Stream::*learns) {
  const absl::Duration late = time_.OneIn(3) ? kKeepalive : absl::Milliseconds(20);
  Reach(direction, time_.Between(absl::ZeroDuration(), late),
        [self = shared_from_this(), direction, learns] {
          self->LaneOf(direction).over = true;
          if (const Timeline::Act act = std::exchange((*self).*learns, nullptr)) act();
        });
}

}  // namespace dq::sim
