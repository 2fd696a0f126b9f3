// A stack of its own for code that waits in the middle: it runs until it yields, and goes on where
// it was when it is resumed. Single-threaded.
#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>

namespace dq::sim {

class Fiber {
 public:
  // `body` begins with the first Resume(); it throws nothing.
  explicit Fiber(std::function<void()> body);
  // The body has ended, or never began.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it yields or ends. Not from within; no effect once it has ended.
  void Resume();
  // Goes back to who resumed it. From within.
  void Yield();
  bool HasEnded() const { return has_ended_; }

 private:
  static void Enter(unsigned int high, unsigned int low);
  void Run();

  const std::function<void()> body_;
  const std::unique_ptr<char[]> stack_;
  ucontext_t own_ = {};
  ucontext_t caller_ = {};
  bool has_ended_ = false;
  // Of the sanitizers, which must be told which stack is in use.
  void* thread_fiber_ = nullptr;
  void* thread_caller_ = nullptr;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_size_ = 0;
};

}  // namespace dq::sim
