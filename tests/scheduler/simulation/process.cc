#include "tests/scheduler/simulation/process.h"

namespace dq::sim {

void Process::InLife(int life, absl::Duration wait, Timeline::Act act) {
  time_.After(wait, [this, life, act = std::move(act)] { Do(life, act); });
}

void Process::Do(int life, const Timeline::Act& act) {
  if (!alive_ || life != life_) return;
  if (stopped_) {
    parked_.emplace_back(life, act);
  } else {
    act();
  }
}

void Process::Die() {
  time_.Trace([&] { return name_ + " dies"; });
  alive_ = false;
  stopped_ = false;
  parked_.clear();
}

void Process::Start() {
  time_.Trace([&] { return name_ + " starts"; });
  ++life_;
  alive_ = true;
}

void Process::Stop() {
  time_.Trace([&] { return name_ + " stands still"; });
  stopped_ = true;
}

void Process::GoOn() {
  if (!stopped_) return;
  time_.Trace([&] { return name_ + " goes on"; });
  stopped_ = false;
  went_on_ = time_.Now();
  for (auto& [life, act] : std::exchange(parked_, {})) Do(life, act);
}

}  // namespace dq::sim
