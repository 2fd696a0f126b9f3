#include "common/base/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace dq {
namespace {

TEST(TaskPool, RunsEveryTaskOfALoopOnce) {
  for (const int threads : {1, 2, 5}) {
    TaskPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const size_t count : {0, 1, 2, 1000}) {
      std::vector<int> runs(count);
      EXPECT_TRUE(pool.ParallelFor(count,
                                   [&](size_t i) {
                                     ++runs[i];
                                     return absl::OkStatus();
                                   })
                      .ok());
      EXPECT_EQ(runs, std::vector<int>(count, 1));
    }
  }
}

TEST(TaskPool, ReturnsTheErrorOfTheFirstTaskThatFailed) {
  TaskPool pool(3);
  for (int round = 0; round < 50; ++round) {
    const absl::Status status = pool.ParallelFor(100, [](size_t i) {
      return i % 10 == 7 ? absl::InternalError(std::to_string(i)) : absl::OkStatus();
    });
    EXPECT_EQ(status, absl::InternalError("7"));
  }
}

TEST(TaskPool, ThrowsWhatATaskThrew) {
  TaskPool pool(2);
  EXPECT_THROW((void)pool.ParallelFor(10,
                                      [](size_t i) -> absl::Status {
                                        if (i == 3) throw std::bad_alloc();
                                        return absl::OkStatus();
                                      }),
               std::bad_alloc);
}

TEST(TaskPool, TasksMayHaveLoopsAndErrandsOfTheirOwn) {
  for (const int threads : {1, 2, 4}) {
    TaskPool pool(threads);
    std::atomic<int> sum = 0;
    const auto add = [&sum](size_t) {
      ++sum;
      return absl::OkStatus();
    };
    EXPECT_TRUE(pool.ParallelFor(20,
                                 [&](size_t) {
                                   TaskPool::Errand errand(pool);
                                   errand.Start([&] { return pool.ParallelFor(10, add); });
                                   const absl::Status loop = pool.ParallelFor(10, add);
                                   return loop.ok() ? errand.Wait() : loop;
                                 })
                    .ok());
    EXPECT_EQ(sum, 400);
  }
}

TEST(TaskPool, AnErrandGivesItsResultOnce) {
  TaskPool pool(2);
  TaskPool::Errand errand(pool);
  EXPECT_TRUE(errand.Wait().ok());
  errand.Start([] { return absl::InternalError("broken"); });
  EXPECT_EQ(errand.Wait(), absl::InternalError("broken"));
  EXPECT_TRUE(errand.Wait().ok());
}

TEST(TaskPool, AnErrandRunsBesideItsOwner) {
  TaskPool pool(2);
  std::promise<void> started;
  std::promise<void> release;
  TaskPool::Errand errand(pool);
  errand.Start([&] {
    started.set_value();
    release.get_future().wait();
    return absl::OkStatus();
  });
  started.get_future().wait();
  release.set_value();
  EXPECT_TRUE(errand.Wait().ok());
}

TEST(TaskPool, ADestroyedErrandHasEnded) {
  TaskPool pool(2);
  std::atomic<bool> ended = false;
  {
    TaskPool::Errand errand(pool);
    errand.Start([&] {
      ended = true;
      return absl::OkStatus();
    });
  }
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace dq
