#include "tests/bench/queue_load/worker_child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

namespace dq::bench {
namespace {

constexpr std::chrono::milliseconds kPollInterval{1};
constexpr int kPollsMax = 10'000;

// 0: it has none.
pid_t ChildOf(pid_t parent) {
  std::error_code error;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::ifstream children(task.path() / "children");
    if (pid_t child = 0; children >> child) return child;
  }
  return 0;
}

}  // namespace

WorkerChild::WorkerChild(pid_t agent) : descriptor_(-1) {
  for (int i = 0; i < kPollsMax && descriptor_ < 0; ++i) {
    if (const pid_t child = ChildOf(agent); child != 0) {
      descriptor_ = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    } else {
      std::this_thread::sleep_for(kPollInterval);
    }
  }
  if (descriptor_ >= 0) return;
  std::fprintf(stderr, "queue_load: process %d started no child\n", agent);
  std::_Exit(1);
}

WorkerChild::~WorkerChild() {
  if (descriptor_ >= 0) close(descriptor_);
}

WorkerChild::WorkerChild(WorkerChild&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

void WorkerChild::WaitForEnd() {
  pollfd end{descriptor_, POLLIN, 0};
  while (poll(&end, 1, -1) <= 0) {
  }
}

}  // namespace dq::bench
