// The run loop at its end: what it accepted runs.
#include "scheduler/engine/run_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace dq {
namespace {

TEST(RunLoop, ACommandThatWasAcceptedRunsHoweverSoonTheLoopIsStopped) {
  constexpr int kTimes = 500;
  for (int i = 0; i < kTimes; ++i) {
    std::atomic<int> ran = 0;
    // Wants to run again at once: the loop never sleeps.
    RunLoop loop(SystemClock(), 10, [](const Instant& now) { return now.boot; });
    loop.Start();
    int accepted = 0;
    std::thread caller([&] {
      while (loop.Post([&](const Instant&) { ++ran; })) ++accepted;
    });
    loop.Stop();
    caller.join();
    ASSERT_EQ(ran, accepted);
  }
}

}  // namespace
}  // namespace dq
