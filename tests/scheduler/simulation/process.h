// A process of the simulation: it lives, stands still, dies and is started again. What it was to do
// while it stood still it does when it goes on; what it was to do when it died never happens.
// Single-threaded.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/scheduler/simulation/timeline.h"

namespace dq::sim {

class Process {
 public:
  Process(Timeline& time, std::string name) : time_(time), name_(std::move(name)) {}

  // Makes the process do something in this life, after `wait` or when it goes on again.
  void Later(absl::Duration wait, Timeline::Act act) { InLife(life_, wait, std::move(act)); }
  // The same, only if it is still in its life number `life` then.
  void InLife(int life, absl::Duration wait, Timeline::Act act);

  void Die();
  void Start();  // A new life.
  void Stop();   // As SIGSTOP does.
  void GoOn();

  bool IsAlive() const { return alive_; }
  bool IsStopped() const { return stopped_; }
  int life() const { return life_; }
  const std::string& name() const { return name_; }
  Timeline& time() const { return time_; }
  // When it last went on after standing still.
  absl::Time went_on() const { return went_on_; }

 private:
  void Do(int life, const Timeline::Act& act);

  Timeline& time_;
  const std::string name_;
  int life_ = 1;
  bool alive_ = true;
  bool stopped_ = false;
  absl::Time went_on_ = absl::InfinitePast();
  std::vector<std::pair<int, Timeline::Act>> parked_;
};

}  // namespace dq::sim
