#include "tests/scheduler/simulation/blocking_thread.h"

namespace dq::sim {

BlockingThread::BlockingThread(Process& process, std::function<void()> body)
    : process_(process), fiber_(std::move(body)) {
  GoOnSoon(waits_);
}

void BlockingThread::Kill() {
  killed_ = true;
  // One that never began begins, and finds that nothing answers.
  while (!fiber_.HasEnded()) fiber_.Resume();
}

void BlockingThread::GoOnSoon(int64_t number) {
  const absl::Duration soon =
      process_.time().Between(absl::Microseconds(1), absl::Microseconds(100));
  process_.Later(soon, [this, number, mark = std::weak_ptr<char>(mark_)] {
    if (!mark.expired()) GoOn(number);
  });
}

void BlockingThread::GoOn(int64_t number) {
  if (number != waits_ || killed_) return;
  woken_for_ = number;
  fiber_.Resume();
}

void BlockingThread::Sleep(absl::Duration length) {
  if (killed_ || std::exchange(woken_, false)) return;
  const int64_t number = ++waits_;
  process_.Later(length, [this, number, mark = std::weak_ptr<char>(mark_)] {
    if (!mark.expired()) GoOn(number);
  });
  sleeps_ = true;
  while (!killed_ && woken_for_ < number) fiber_.Yield();
  sleeps_ = woken_ = false;
}

void BlockingThread::Wake() {
  if (killed_) return;
  woken_ = true;
  if (sleeps_) GoOnSoon(waits_);
}

}  // namespace dq::sim
