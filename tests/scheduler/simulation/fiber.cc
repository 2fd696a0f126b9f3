#include "tests/scheduler/simulation/fiber.h"

#include <cstdint>
#include <cstdlib>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace dq::sim {
namespace {

constexpr size_t kStackBytes = 256 << 10;

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(new char[kStackBytes]) {
  if (getcontext(&own_) != 0) std::abort();
  own_.uc_stack.ss_sp = stack_.get();
  own_.uc_stack.ss_size = kStackBytes;
  own_.uc_link = nullptr;
  const auto address = reinterpret_cast<uintptr_t>(this);
  // makecontext passes ints.
  makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2,
              static_cast<unsigned int>(address >> 32), static_cast<unsigned int>(address));
#if defined(__SANITIZE_THREAD__)
  thread_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(thread_fiber_);
#endif
}

void Fiber::Enter(unsigned int high, unsigned int low) {
  const uintptr_t address = (static_cast<uintptr_t>(high) << 32) | low;
  reinterpret_cast<Fiber*>(address)->Run();
}

void Fiber::Run() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &caller_stack_, &caller_stack_size_);
#endif
  body_();
  has_ended_ = true;
  Yield();
}

void Fiber::Resume() {
  if (has_ended_) return;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_.get(), kStackBytes);
#endif
#if defined(__SANITIZE_THREAD__)
  thread_caller_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(thread_fiber_, 0);
#endif
  if (swapcontext(&caller_, &own_) != 0) std::abort();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void Fiber::Yield() {
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(has_ended_ ? nullptr : &fake_stack, caller_stack_,
                                 caller_stack_size_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(thread_caller_, 0);
#endif
  if (swapcontext(&own_, &caller_) != 0) std::abort();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, &caller_stack_, &caller_stack_size_);
#endif
}

}  // namespace dq::sim
