#include "common/base/executor.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(Executor, RunsEveryAcceptedTaskBeforeShutdownReturns) {
  std::atomic<int> ran = 0;
  Executor executor(2, 1000);
  int accepted = 0;
  for (int i = 0; i < 500; ++i) accepted += executor.Submit([&] { ++ran; }) ? 1 : 0;
  executor.Shutdown();
  EXPECT_EQ(accepted, 500);
  EXPECT_EQ(ran, 500);
}

TEST(Executor, RefusesWhenTheQueueIsFullAndAfterShutdown) {
  std::promise<void> release;
  std::promise<void> started;
  Executor executor(1, 1);
  ASSERT_TRUE(executor.Submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(executor.Submit([] {}));
  EXPECT_FALSE(executor.Submit([] {}));
  release.set_value();
  executor.Shutdown();
  EXPECT_FALSE(executor.Submit([] {}));
}

}  // namespace
}  // namespace dq
