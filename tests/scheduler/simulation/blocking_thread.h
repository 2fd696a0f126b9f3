// A thread of a process of the simulation, for code of the product that blocks: whatever it waits
// for comes as a happening, and so does its going on. It stands still with its process. When the
// process dies it waits for nothing any more: every answer is missing at once, until its body has
// ended. Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "tests/scheduler/simulation/fiber.h"
#include "tests/scheduler/simulation/process.h"

namespace dq::sim {

class BlockingThread {
 public:
  // `body` begins at once, as a happening in the present life of `process`; it ends soon after
  // IsKilled().
  BlockingThread(Process& process, std::function<void()> body);
  // Calls Kill().
  ~BlockingThread() { Kill(); }

  // The process has died. Not from within.
  void Kill();
  bool IsKilled() const { return killed_; }

  // From within: has `ask` ask for something and waits for the answer; nothing when killed.
  template <typename Answer>
  std::optional<Answer> Await(const std::function<void(std::function<void(Answer)> reply)>& ask) {
    if (killed_) return std::nullopt;
    const auto slot = std::make_shared<std::optional<Answer>>();
    const int64_t number = ++waits_;
    ask([this, slot, number, mark = std::weak_ptr<char>(mark_)](Answer answer) {
      if (mark.expired() || slot->has_value()) return;
      *slot = std::move(answer);
      GoOnSoon(number);
    });
    while (!killed_ && !slot->has_value()) fiber_.Yield();
    if (killed_) return std::nullopt;
    while (!killed_ && woken_for_ < number) fiber_.Yield();
    if (killed_) return std::nullopt;
    return std::move(**slot);
  }
  // From within: waits for so long, or until Wake(); at once if that came since the last sleep.
  void Sleep(absl::Duration length);
  // From without. Forgotten when killed.
  void Wake();

 private:
  void GoOnSoon(int64_t number);
  // Ends the wait of that number, if it goes on.
  void GoOn(int64_t number);

  Process& process_;
  const std::shared_ptr<char> mark_ = std::make_shared<char>();  // Goes with the thread.
  Fiber fiber_;
  int64_t waits_ = 0;      // The number of the newest wait.
  int64_t woken_for_ = 0;  // Waits up to this one have ended.
  bool sleeps_ = false;
  bool woken_ = false;
  bool killed_ = false;
};

}  // namespace dq::sim
