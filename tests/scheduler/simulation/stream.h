// One gRPC stream of a worker: in each direction what is sent arrives in order and late, until the
// stream breaks; then a rest that was on its way never arrives, and each end learns of it by
// itself, at once or long afterwards; whatever had not arrived there by then never does.
// Single-threaded; held by both ends and by what is on its way, until it is taken in.
#pragma once

#include <memory>

#include "tests/scheduler/simulation/process.h"

namespace dq::sim {

enum class Direction { kUp, kDown };  // Towards the scheduler; towards the worker.

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // Both ends are those of the processes' present lives.
  Stream(Process& worker, Process& scheduler);

  // Puts a message on its way: `arrive` happens at the other end.
  void Send(Direction direction, Timeline::Act arrive);
  // Puts a message on its way that nothing can follow: the end of the stream.
  void SendLast(Direction direction, Timeline::Act arrive);
  // Nothing arrives in that direction for so long; nothing is lost.
  void Stall(Direction direction, absl::Duration length);
  // What is sent from now on never arrives, nor does some of what is on its way.
  void Break();
  bool IsBroken() const { return broken_; }

  // How the ends learn that it broke, set by them; called at most once each.
  Timeline::Act worker_learns;
  Timeline::Act scheduler_learns;

 private:
  struct Lane {
    absl::Time last = absl::InfinitePast();   // Arrival of the newest message.
    absl::Time cut = absl::InfiniteFuture();  // What would arrive later never does.
    bool closed = false;
    bool over = false;  // Its receiver knows that the stream broke.
  };
  Lane& LaneOf(Direction direction) { return direction == Direction::kUp ? up_ : down_; }
  // What is on its way in `direction` arrives, or what comes instead of it.
  void Reach(Direction direction, absl::Duration wait, Timeline::Act act);
  void Learn(Direction direction, Timeline::Act Stream::*learns);

  Timeline& time_;
  Process& worker_;
  Process& scheduler_;
  const int worker_life_;
  const int scheduler_life_;
  Lane up_;
  Lane down_;
  bool broken_ = false;
};

}  // namespace dq::sim
